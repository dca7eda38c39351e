import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientPlaces } from '../../../src/agent/client/places.ts';
import { keepStaged, readStaged, stagedEntry, startStaged, unstage } from '../../../src/agent/client/staged.ts';
import { readGrubEnvironment, writeGrubEnvironment } from '../../../src/formats/grub-environment.ts';

const mark = 'ab'.repeat(16);
let root: string;
let grub: string;
const custom = (): string => readFileSync(join(grub, 'custom.cfg'), 'utf8');
const chosen = (): ReadonlyMap<string, string> => readGrubEnvironment(readFileSync(join(grub, 'grubenv')));
const staged = () => ({ mark, folder: join(root, '_SMSTaskSequence/boot'), grub });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'staged-'));
  grub = join(root, 'boot/grub');
  mkdirSync(grub, { recursive: true });
  mkdirSync(staged().folder, { recursive: true });
  mkdirSync(clientPlaces(root).folder, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a staged boot image', () => {
  it('is not started by being there; then once; and nothing of it stays', async () => {
    writeFileSync(join(grub, 'custom.cfg'), "menuentry 'own' { true }\n");
    writeFileSync(join(grub, 'grubenv'), writeGrubEnvironment(new Map([['saved_entry', 'own']])));
    await keepStaged(staged(), 'menuentry x { true }\n', root);
    expect(chosen().get('next_entry')).toBeUndefined();
    expect(custom()).toMatch(/^menuentry 'own'.*\n.*begin\nmenuentry x/);

    await startStaged(root, mark);
    expect(Object.fromEntries(chosen())).toEqual({ saved_entry: 'own', next_entry: stagedEntry });

    await unstage(root);
    expect(Object.fromEntries(chosen())).toEqual({ saved_entry: 'own' });
    expect(custom()).toBe("menuentry 'own' { true }\n");
    expect(existsSync(join(root, '_SMSTaskSequence'))).toBe(false);
    expect(await readStaged(root)).toBeUndefined();
  });

  it('takes the place of an earlier one', async () => {
    await keepStaged(staged(), 'menuentry one {}\n', root);
    await keepStaged(staged(), 'menuentry two {}\n', root);
    expect(custom()).not.toContain('menuentry one');
    await unstage(root);
    expect(existsSync(join(grub, 'custom.cfg'))).toBe(false);
  });

  it('of another run is not started', async () => {
    await expect(startStaged(root, mark)).rejects.toMatchObject({ code: 'BW-AGENT-053' });
    await keepStaged(staged(), 'menuentry one {}\n', root);
    await expect(startStaged(root, 'cd'.repeat(16))).rejects.toMatchObject({ code: 'BW-AGENT-053' });
    expect(existsSync(join(grub, 'grubenv'))).toBe(false);
  });

  it('does not concern a system that a medium deployed', async () => {
    rmSync(clientPlaces(root).folder, { recursive: true });
    await expect(startStaged(root, mark)).resolves.toBeUndefined();
  });

  it('leaves other files in the folder of a run alone', async () => {
    writeFileSync(join(root, '_SMSTaskSequence/state.json'), '{}');
    await keepStaged(staged(), 'menuentry one {}\n', root);
    await unstage(root);
    expect(existsSync(join(root, '_SMSTaskSequence/state.json'))).toBe(true);
  });
});
