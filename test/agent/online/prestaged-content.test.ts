import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrestagedContent } from '../../../src/agent/online/prestaged-content.ts';
import type { ContentItem } from '../../../src/model/policy.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const files = {
  'bootwright/content/tools/a.sh': 'one',
  'bootwright/content/tools/b/c': 'two',
  'boot/vmlinuz': 'no content',
};

describe('content of a prestaged disk', () => {
  let folder = '';
  let content: PrestagedContent;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'prestaged-'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const listed = Object.entries(files).map(([path, text]) => ({ path, size: text.length, sha256: sha256(text) }));
    content = new PrestagedContent({ folder, manifest: { files: listed } } as never);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is found by its hash, boot files are none', () => {
    expect(content.find(sha256('two'))).toBe(join(folder, 'bootwright/content/tools/b/c'));
    expect(content.find(sha256('no content'))).toBeUndefined();
    expect(content.find(sha256('three'))).toBeUndefined();
  });

  it('is copied with its mode; what is not here, or is another thing by now, is not', async () => {
    const target = join(folder, 'copy');
    expect(await content.copy(sha256('one'), target, 0o700)).toBe(true);
    expect([readFileSync(target, 'utf8'), statSync(target).mode & 0o777]).toEqual(['one', 0o700]);
    expect(await content.copy(sha256('three'), join(folder, 'other'), 0o700)).toBe(false);
    writeFileSync(join(folder, 'bootwright/content/tools/b/c'), 'changed');
    expect(await content.copy(sha256('two'), join(folder, 'other'), 0o700)).toBe(false);
    expect(() => statSync(join(folder, 'other'))).toThrow();
  });

  it('knows the list of a package only where it is exactly that list', () => {
    const list = `${sha256('one')}  a.sh\n${sha256('two')}  b/c\n`;
    const item = { kind: 'package', file: 'bootwright/content/tools', sha256: sha256(list) } as ContentItem;
    expect(content.listOf(item)).toBe(list);
    expect(content.listOf({ ...item, sha256: sha256('newer') })).toBeUndefined();
  });
});
