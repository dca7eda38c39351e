import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/host/process.ts';
import { readPasswordFile, readSecretFile } from '../../src/host/prompt.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prompt-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function holding(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'password');
  await writeFile(path, content);
  return path;
}

describe('a password file', () => {
  it.each([
    ['plain', 'plain'],
    ['with newline\n', 'with newline'],
    ['from Windows\r\n', 'from Windows'],
    ['\ufeffwith a mark\n', 'with a mark'],
    ['  spaces count  \n', '  spaces count  '],
    ['Gru\u0308ße\n', 'Grüße'],
  ])('%j holds the password %j', async (content, password) => {
    expect(await readPasswordFile(await holding(content))).toBe(password);
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['a newline only', '\n', 'is empty'],
    ['two newlines', 'a\n\n', 'more than one line'],
    ['two lines', 'a\nb', 'more than one line'],
    ['a NUL', 'a\0', 'NUL'],
    ['Latin-1', Buffer.from('Gr\xfcn', 'latin1'), 'not UTF-8'],
    ['a disk image', new Uint8Array(300_000).fill(65), 'too long'],
  ])('with %s is refused', async (_what, content, why) => {
    const path = await holding(content);
    await expect(readPasswordFile(path)).rejects.toMatchObject({
      code: 'BW-HOST-011',
      message: expect.stringContaining(why),
    });
  });

  it('that cannot be read is named', async () => {
    await expect(readPasswordFile(join(folder, 'none'))).rejects.toMatchObject({
      code: 'BW-HOST-007',
      message: expect.stringContaining(join(folder, 'none')),
    });
    await expect(readPasswordFile(folder)).rejects.toMatchObject({ code: 'BW-HOST-007' });
  });
});

describe('a secret', () => {
  it('may have several lines and loses one newline', async () => {
    expect(await readSecretFile(await holding('-----BEGIN\nx\n\n'))).toBe('-----BEGIN\nx\n');
  });

  it.each([
    ["readSecretValue('?')", 'piped\n', 'piped'],
    ["readSecretValue('?', '-')", 'piped', 'piped'],
    ["readPasswordFile('-')", 'piped\n', 'piped'],
    ["readSecretValue('?')", '', 'BW-HOST-011'],
    ["promptSecret('?')", 'piped\n', 'BW-HOST-008'],
  ])('%s with %j on standard input gives %s', async (call, input, answer) => {
    const module = JSON.stringify(join(import.meta.dirname, '../../src/host/prompt.ts'));
    const program = `import(${module}).then(async (p) => console.log(await p.${call}.catch((error) => error.code)))`;
    expect((await run(process.execPath, ['-e', program], { input })).stdout).toBe(`${answer}\n`);
  });
});
