import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');
const partWith = (text: string): string => {
  const found = readdirSync(folder).filter((name) => textOf(name).includes(text));
  expect(found).toHaveLength(1);
  return found[0]!;
};

/** What is loaded together with a file, before it runs. */
function loadedWith(name: string, known = new Set<string>()): Set<string> {
  if (known.has(name)) return known;
  known.add(name);
  for (const [, part] of textOf(name).matchAll(/(?:from|import)"\.\/(part-[^"]+)"/g)) loadedWith(part!, known);
  return known;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'build-agent.js');
  execFileSync(process.execPath, [program, folder], { stdio: 'ignore' });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the bundled agent', () => {
  it('takes passwords by OPAQUE: its part has the names it is imported by', async () => {
    const { client, ready } = await import(join(folder, partWith('startClientLogin')));
    await ready;
    expect(client.startLogin({ password: 'x' })).toHaveProperty('startLoginRequest');
  });

  it('loads nothing of this before the first sign of life, nor where it does not go online', () => {
    const online = partWith('bootwright-envelope/1');
    expect([...loadedWith('agent.mjs')]).not.toContain(online);
    const work = partWith('bw.again');
    expect([...loadedWith(work)]).not.toContain(online);
  });
});
