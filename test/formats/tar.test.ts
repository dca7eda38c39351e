import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTar, TarFault, tarEnd, tarHeader, tarPadding } from '../../src/formats/tar.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tar-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function archiveOf(files: Readonly<Record<string, Uint8Array>>): Buffer {
  return Buffer.concat([
    ...Object.entries(files).flatMap(([name, content]) => [
      tarHeader({ name, size: content.length, modified: 1_700_000_000 }),
      content,
      tarPadding(content.length),
    ]),
    tarEnd(),
  ]);
}

async function* portions(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(Uint8Array.from(piece));
  return Buffer.concat(parts);
}

async function read(archive: Uint8Array, length = 1000): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {};
  for await (const { name, bytes } of readTar(portions(archive, length))) found[name] = await whole(bytes);
  return found;
}

const files = { 'index.json': Buffer.from('{}'), 'sha256/ab/cd': Buffer.alloc(5000, 'x'), empty: Buffer.alloc(0) };

describe('archives', () => {
  it('are opened by tar', () => {
    writeFileSync(join(folder, 'a.tar'), archiveOf(files));
    execFileSync('tar', ['-xf', 'a.tar'], { cwd: folder });
    for (const [name, content] of Object.entries(files))
      expect(readFileSync(join(folder, name)).equals(content), name).toBe(true);
    expect(statSync(join(folder, 'empty')).mtimeMs).toBe(1_700_000_000_000);
  });

  it('of tar are read, in its three forms of plain files', async () => {
    for (const [name, content] of Object.entries(files))
      if (!name.includes('/')) writeFileSync(join(folder, name), content);
    for (const format of ['ustar', 'pax']) {
      const archive = execFileSync('tar', ['-c', `--format=${format}`, 'index.json', 'empty'], { cwd: folder });
      const found = await read(archive);
      expect(Object.keys(found), format).toEqual(['index.json', 'empty']);
      expect(found['index.json']?.toString()).toBe('{}');
    }
  });

  it('say sizes above 8 GiB so that tar understands them, and we do', async () => {
    const size = 9_000_000_000;
    const start = tarHeader({ name: 'large', size, modified: 0 });
    const listed = execFileSync('sh', ['-c', 'tar -tvf - 2>/dev/null | head -1 || true'], { input: start }).toString();
    expect(listed).toContain(String(size));
    const entries = readTar(portions(start, 512));
    expect((await entries.next()).value).toMatchObject({ name: 'large', size });
    const edge = tarHeader({ name: 'edge', size: 0o77777777777, modified: 0 });
    expect(edge.length).toBe(512);
    expect((await readTar(portions(edge, 512)).next()).value).toMatchObject({ size: 0o77777777777 });
  });

  it('give back what was put in, whatever the portions and whatever is left unread', async () => {
    const content = fc.dictionary(fc.stringMatching(/^[a-z]{1,20}$/), fc.uint8Array({ maxLength: 2000 }));
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 3000 }), async (entries, length) => {
        const archive = archiveOf(entries);
        const found = await read(archive, length);
        expect(Object.keys(found).length).toBe(Object.keys(entries).length);
        for (const [name, bytes] of Object.entries(entries)) expect(found[name]?.equals(bytes)).toBe(true);
        const names: string[] = [];
        for await (const { name, bytes } of readTar(portions(archive, length))) {
          names.push(name);
          for await (const _piece of bytes) break;
        }
        expect(names).toEqual(Object.keys(entries));
      }),
      { numRuns: 100 },
    );
  });

  it('are refused when cut off, changed in a header, or holding links', async () => {
    const archive = archiveOf(files);
    for (const length of [0, 100, 512, 600, 2000])
      await expect(read(archive.subarray(0, length))).rejects.toThrow(TarFault);
    for (const position of [0, 124, 150, 156, 258]) {
      const changed = Buffer.from(archive);
      changed[position]! ^= 1;
      await expect(read(changed), String(position)).rejects.toThrow(TarFault);
    }
    execFileSync('ln', ['-s', '/etc/passwd', 'link'], { cwd: folder });
    await expect(read(execFileSync('tar', ['-c', 'link'], { cwd: folder }))).rejects.toThrow(
      'link is not a plain file',
    );
  });
});
