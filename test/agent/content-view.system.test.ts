import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readableContent } from '../../src/agent/content-view.ts';
import type { AgentContext } from '../../src/agent/context.ts';
import { agentPaths } from '../../src/agent/paths.ts';
import { isMountPoint } from '../../src/host/mount-point.ts';
import { contentKeySecret, type Policy } from '../../src/model/policy.ts';
import { encryptAge } from '../../src/trust/age.ts';
import { formatPrivateKey, rawPublicKeyOf } from '../../src/trust/private-key.ts';

const key = { purpose: 'sealing' as const, seed: Uint8Array.from(randomBytes(32)) };
const identity = formatPrivateKey(key).trim().split('\n').at(-1)!;
let root: string;
let medium: string;
let context: AgentContext;
let events: { type: string; text?: string }[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'content-view-'));
  medium = join(root, 'medium');
  events = [];
  const paths = { ...agentPaths('boot', root), node: process.execPath, program: join(root, 'program') };
  mkdirSync(paths.program);
  // The bundle is one file with this name; here it leads to the sources.
  const fixture = join(import.meta.dirname, 'content-view-fixture.ts');
  writeFileSync(join(paths.program, 'agent.mjs'), `await import(${JSON.stringify(fixture)});\n`);
  context = { paths, emit: (event: { type: string }) => events.push(event) } as unknown as AgentContext;
});
afterEach(async () => {
  const view = context.paths.contentView;
  if (await isMountPoint(view)) execFileSync('umount', ['-l', view]);
  rmSync(root, { recursive: true });
});

const put = (path: string, content: Uint8Array, mode = 0o644) => {
  const file = join(medium, 'bootwright/content', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
};
const encrypted = (content: Uint8Array) => encryptAge(content, [rawPublicKeyOf(key)]);
const policy = (secrets: Record<string, string>) => ({ secrets }) as unknown as Policy;
const sealed = policy({ [contentKeySecret]: identity });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('encrypted content', () => {
  it('is read by programs as if it were not, and cannot be written', async () => {
    const large = randomBytes(9 * 1024 * 1024 + 77);
    put('debian/debian.wim.age', encrypted(large));
    put('tools/run.sh.age', encrypted(Buffer.from('#!/bin/sh\necho "it runs: $1"\n')), 0o755);
    put('tools/deep/er/empty.age', encrypted(new Uint8Array()));
    put('tools/plain.txt', Buffer.from('plain'));
    const view = await readableContent(context, sealed, medium);
    const at = (path: string) => join(view, 'bootwright/content', path);
    expect(execFileSync('sha256sum', [at('debian/debian.wim')], { encoding: 'utf8' }).slice(0, 64)).toBe(sha256(large));
    expect(statSync(at('debian/debian.wim')).size).toBe(large.length);
    expect(execFileSync(at('tools/run.sh'), ['yes'], { encoding: 'utf8' })).toBe('it runs: yes\n');
    expect(readdirSync(join(view, 'bootwright/content'), { recursive: true }).sort()).toEqual(
      ['debian', 'debian/debian.wim', 'tools', 'tools/deep', 'tools/deep/er', 'tools/deep/er/empty', 'tools/plain.txt']
        .concat('tools/run.sh')
        .sort(),
    );
    // Backwards and across chunks, as wimlib reads its tables.
    const tail = execFileSync('tail', ['-c', '70000', at('debian/debian.wim')]);
    expect(tail.equals(large.subarray(-70_000))).toBe(true);
    cpSync(join(view, 'bootwright/content/tools'), join(root, 'copy'), { recursive: true });
    expect(readFileSync(join(root, 'copy/plain.txt'), 'utf8')).toBe('plain');
    expect(() => writeFileSync(at('tools/new'), 'x')).toThrow(/EROFS|EACCES/);
    expect(() => rmSync(at('tools/run.sh'))).toThrow(/EROFS|Read-only/);
    expect(await readFile(at('debian/debian.wim')).then(sha256)).toBe(sha256(large));
  });

  it('gives an error, never wrong bytes, where the medium was changed meanwhile', async () => {
    const content = randomBytes(300_000);
    put('tools/a.age', encrypted(content));
    const view = await readableContent(context, sealed, medium);
    const stored = join(medium, 'bootwright/content/tools/a.age');
    const bytes = readFileSync(stored);
    bytes[200_000]! ^= 1;
    writeFileSync(stored, bytes);
    expect(() => readFileSync(join(view, 'bootwright/content/tools/a'))).toThrow(/EIO/);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(events.map(({ text }) => text).join()).toContain('damaged');
  });

  it('is refused before anything is mounted when it is damaged or for another key', async () => {
    put('tools/a.age', encrypted(randomBytes(100_000)).subarray(0, 90_000));
    await expect(readableContent(context, sealed, medium)).rejects.toMatchObject({ code: 'BW-AGENT-090' });
    put('tools/a.age', encrypted(randomBytes(10)));
    const other = formatPrivateKey({ purpose: 'sealing', seed: new Uint8Array(32).fill(1) });
    const wrong = policy({ [contentKeySecret]: other.trim().split('\n').at(-1)! });
    await expect(readableContent(context, wrong, medium)).rejects.toThrow(/not encrypted to any of the keys/);
    expect(await isMountPoint(context.paths.contentView)).toBe(false);
  });

  it('is asked for only where there is some, and again after the agent was started again', async () => {
    put('tools/a.age', encrypted(Buffer.from('a')));
    expect(await readableContent(context, policy({}), medium)).toBe(medium);
    await readableContent(context, sealed, medium);
    const view = await readableContent(context, sealed, medium);
    expect(readFileSync(join(view, 'bootwright/content/tools/a'), 'utf8')).toBe('a');
  });
});
