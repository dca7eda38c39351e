import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffMedia } from '../../../src/build/medium/diff.ts';
import type { StandaloneRequest } from '../../../src/build/order/request.ts';
import { setSecret } from '../../../src/trust/secret-store.ts';
import { bulk, type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';

const password = 'tundra pickle 7 orbit';
let site: MediumSite;
let base: string;
const make = async (name: string, changes: Partial<StandaloneRequest> = {}) =>
  (await makeMedium(site, { password, output: join(site.root, `${name}.iso`), ...changes })).file;
const step = (name: string) =>
  `  - step: run-command-line\n    name: ${name}\n    command: "true"\n    input: !secret token\n`;
const words = async (second: string, ...secrets: string[]) => (await diffMedia(base, second, secrets)).differences;

beforeAll(async () => {
  site = await mediumSite();
  await setSecret(site.folder, 'token', 'first value');
  await site.write('sequences/bulk.yaml', bulk('variables: { Building: North }\n', step('Tell') + step('Go')));
  base = await make('base', { encryptContent: true });
});
afterAll(() => site.remove());

describe('media diff', () => {
  it('finds none between two makings of one medium', async () => {
    const again = await make('again', { encryptContent: true });
    expect(await diffMedia(base, again, [password, password])).toEqual({ same: true, opened: true, differences: [] });
  });

  it('says what everybody can see without the password, and that the rest was not compared', async () => {
    const other = await make('label', { label: 'OTHER', unattended: true, encryptContent: true });
    expect(await diffMedia(base, other, [])).toEqual({
      same: false,
      opened: false,
      differences: ['The label is OTHER instead of BOOTWRIGHT.', 'The answer to "unattended" is yes instead of no.'],
    });
  });

  it('tells steps, variables, secrets, dates and content apart, without their values', async () => {
    await setSecret(site.folder, 'token', 'second value', { replace: true });
    await site.write('packages/tools/setup.sh', '#!/bin/sh\n# changed\n');
    await site.write('sequences/bulk.yaml', bulk('variables: { Building: South }\n', step('Go') + step('Leave')));
    const other = await make('other', { validTo: '2027-01-01', encryptContent: true });
    const found = await words(other, password, password);
    expect(found).toEqual([
      'In the content tools files differ: 1 changed.',
      'The step /Tell was removed.',
      'The step /Leave was added.',
      'The content tools was changed.',
      'The variable Building has another value.',
      'The secret token has another value.',
      'It is valid to 2027-01-01T23:59:59Z instead of always.',
    ]);
    expect(found.join()).not.toMatch(/North|South|value[^.]*first/);
  });
});
