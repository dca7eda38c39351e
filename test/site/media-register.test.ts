import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/error.ts';
import { mediumName, typedMediumName } from '../../src/model/medium-name.ts';
import { loadRevokedMedia } from '../../src/site/load-revoked.ts';
import { findMedium, noteMedium, readRegister, registerMedium, revokeMedium } from '../../src/site/media-register.ts';

let site: string;
beforeEach(() => {
  site = mkdtempSync(join(tmpdir(), 'register-'));
});
afterEach(() => rmSync(site, { recursive: true }));

const id = '3cc6b0f4d2a1987654321fedcba98765';
const record = (medium = id, made = '2026-11-20T10:00:00Z') => ({
  ...{ medium, kind: 'standalone', sequence: 'debian', label: 'BOOTWRIGHT', protection: 'sealed', made },
});

describe('the name of a medium', () => {
  it('is the first 40 bits of its id', () => {
    expect(mediumName(`${'0'.repeat(9)}1${'f'.repeat(22)}`)).toBe('BW-0000-0001');
    expect(mediumName('f'.repeat(32))).toBe('BW-ZZZZ-ZZZZ');
  });

  it('is found however it is typed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const name = mediumName(Buffer.from(bytes).toString('hex'));
        const typed = name.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
        expect(typedMediumName(typed)).toBe(name);
        expect(typedMediumName(name.slice(3))).toBe(name);
      }),
    );
  });
});

describe('the register of media', () => {
  it('keeps what people wrote when the same medium is made again', async () => {
    const { name } = await registerMedium(site, record());
    await noteMedium(site, name, { holder: 'Anna: "Berg"', place: 'Lab 2' });
    await noteMedium(site, name.toLowerCase(), { place: '', note: '# red ring' });
    await registerMedium(site, { ...record(), made: '2026-11-21T10:00:00Z' });
    expect(await readRegister(site)).toEqual([
      { ...record(id, '2026-11-21T10:00:00Z'), name, holder: 'Anna: "Berg"', note: '# red ring' },
    ]);
    expect(await findMedium(site, id)).toMatchObject({ name });
  });

  it('lists the newest first', async () => {
    await registerMedium(site, record('0'.repeat(32), '2026-01-01T00:00:00Z'));
    await registerMedium(site, record('1'.repeat(32), '2026-02-01T00:00:00Z'));
    expect((await readRegister(site)).map(({ medium }) => medium[0])).toEqual(['1', '0']);
  });

  it('writes revoked media where servers look, and the first reason stays', async () => {
    const { name } = await registerMedium(site, record());
    await registerMedium(site, record('0'.repeat(32)));
    const at = new Date('2026-12-01T08:00:00.123Z');
    await revokeMedium(site, name, 'left in a train', at);
    await revokeMedium(site, id, 'again', new Date());
    await registerMedium(site, record());
    expect(await findMedium(site, name)).toMatchObject({
      revoked: { at: '2026-12-01T08:00:00Z', reason: 'left in a train' },
    });
    const problems: Problem[] = [];
    expect(await loadRevokedMedia(site, problems)).toEqual(new Map([[id, 'left in a train']]));
    expect(problems).toEqual([]);
  });

  it('leaves what people wrote into the list of revoked media as it is', async () => {
    const list = join(site, 'revoked-media.yaml');
    const theirs = `# found on the stairs\nmedia:\n  - id: ${'a'.repeat(32)} # Anna's\n`;
    writeFileSync(list, theirs);
    const { name } = await registerMedium(site, record());
    await revokeMedium(site, name, 'lost: "again"', new Date());
    expect(readFileSync(list, 'utf8')).toBe(`${theirs}  - id: ${id}\n    reason: 'lost: "again"'\n`);
    writeFileSync(list, 'media: 7\n');
    await registerMedium(site, record('0'.repeat(32)));
    await expect(revokeMedium(site, '0'.repeat(32), 'x', new Date())).rejects.toThrow(/Nothing was added/);
    expect((await findMedium(site, '0'.repeat(32))).revoked).toBeUndefined();
  });

  it('knows nothing of others, and names a record that somebody broke', async () => {
    await expect(noteMedium(site, 'BW-0000-0000', { place: 'x' })).rejects.toMatchObject({ code: 'BW-SITE-091' });
    const { name } = await registerMedium(site, record());
    const file = join(site, 'media', `${name}.yaml`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(id, '0'.repeat(32)));
    await expect(readRegister(site)).rejects.toMatchObject({ code: 'BW-SITE-090' });
    writeFileSync(file, 'medium: [');
    await expect(readRegister(site)).rejects.toMatchObject({ code: 'BW-SITE-090' });
  });
});
