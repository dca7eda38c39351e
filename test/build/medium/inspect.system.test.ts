import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootable } from '../../../media/bootable/kind.ts';
import { deployedSecrets } from '../../../src/agent/deployed-secrets.ts';
import { audit } from '../../../src/build/audit/audit.ts';
import { writeMedium } from '../../../src/build/create.ts';
import { diffMedia } from '../../../src/build/medium/diff.ts';
import { inspectMedium } from '../../../src/build/medium/inspect.ts';
import { contentIdentity } from '../../../src/build/medium/policy.ts';
import { prepareMedium } from '../../../src/build/order/prepare.ts';
import type { BootableRequest } from '../../../src/build/order/request.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { setSecret } from '../../../src/trust/secret-store.ts';
import { bulk, type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';

const password = 'tundra pickle 7 orbit';
const now = new Date('2026-01-01T00:00:00Z');
let site: MediumSite;
let at: (name: string) => string;
beforeAll(async () => {
  site = await mediumSite();
  at = (name) => join(site.root, name);
  await setSecret(site.folder, 'token', 'v8#kQ0zLw!x2Rt9');
  const steps = [
    '  - group: Finish',
    '    condition: { all: [{ variable: Room, operator: equals, value: lab }, { variable: Skip, operator: notExists }] }',
    '    steps:',
    '      - { step: run-command-line, name: Tell, command: "true", input: !secret token, continueOnError: true }',
    '',
  ].join('\n');
  await site.write('sequences/secret.yaml', bulk('', steps));
  await makeMedium(site, {
    ...{ sequenceId: 'secret', password, encryptContent: true, output: at('sealed.img'), validTo: '2026-03-01' },
    variables: { Room: 'lab', AdminPassword: 'nobody reads this' },
  });
});
afterAll(() => site.remove());

const askServer = async (name: string, changes: Partial<BootableRequest> = {}): Promise<string> => {
  const request: BootableRequest = {
    ...{ kind: bootable, siteFolder: site.folder, output: at(name), now, unknownComputers: true, password },
    servers: [{ url: 'https://192.0.2.10:8443', subnets: [] }],
    authority: { peek: async () => 'an authority', make: async () => 'an authority' },
    ...changes,
  };
  await writeMedium(await prepareMedium(request, silentProgress), { progress: silentProgress });
  return at(name);
};

describe('a sealed USB image', () => {
  it('shows without its password what is public, and with it the rest but no secret', async () => {
    expect((await inspectMedium(at('sealed.img'))).policy).toBeUndefined();
    const { policy, loaders, stick } = await inspectMedium(at('sealed.img'), password);
    expect(stick?.active).toBe('a');
    expect(policy).toMatchObject({ sequence: 'Bulk', validTo: '2026-03-01T23:59:59Z', secrets: ['token'] });
    expect(
      policy?.steps?.map(({ depth, name, step, condition, continueOnError }) => [
        depth,
        name,
        step,
        condition,
        continueOnError,
      ]),
    ).toEqual([
      [0, 'Use it', 'run-command-line', undefined, false],
      [0, 'Finish', undefined, '(Room = lab and Skip does not exist)', false],
      [1, 'Tell', 'run-command-line', undefined, true],
    ]);
    expect(policy?.variables).toContainEqual({ name: 'Room', value: 'lab' });
    expect(policy?.variables).toContainEqual({ name: 'AdminPassword' });
    expect(JSON.stringify(policy)).not.toMatch(/nobody reads|kQ0z/);
    // The loaders of this site are no programs: nobody signed them.
    expect(loaders.map(({ what, signatures }) => [what, signatures])).toEqual([
      ['first loader', []],
      ['second loader', []],
      ['key manager', []],
      ['kernel', []],
    ]);
    await expect(inspectMedium(at('sealed.img'), 'wrong')).rejects.toMatchObject({ code: 'BW-TRUST-002' });
  });

  it('is audited, compared and unsealed as an ISO is', async () => {
    const found = await audit(at('sealed.img'), { keys: [], deployedSecrets, now, secret: password });
    expect(found).toMatchObject({ maker: 'bootwright', level: 'sealed', opened: true });
    expect((await contentIdentity(at('sealed.img'), password)).identity).toMatch(/^AGE-SECRET-KEY-1/);
    const { file } = await makeMedium(site, { sequenceId: 'secret', password, output: at('sealed.iso') });
    const { differences, opened } = await diffMedia(file, at('sealed.img'), [password, password]);
    expect(opened).toBe(true);
    expect(differences).toContain('The variable Room was added.');
  });
});

describe('a sealed bootable medium', () => {
  it('is inspected, audited and compared', async () => {
    const first = await askServer('first.iso');
    const servers = [{ url: 'https://deploy.example.org:8443', subnets: [] }];
    const second = await askServer('second.iso', { servers, unknownComputers: false, variables: { Room: 'lab' } });
    expect((await inspectMedium(first, password)).policy).toMatchObject({
      ...{ servers: ['https://192.0.2.10:8443'], unknownComputers: true, secrets: [] },
    });
    const found = await audit(first, { keys: [], deployedSecrets, now, secret: password });
    expect(found.readers.flatMap(({ reads }) => reads)).toContain('whom it asks, and its variables');
    expect((await diffMedia(first, second, [password, password])).differences).toEqual([
      'It does not ask https://192.0.2.10:8443 any more.',
      'It asks https://deploy.example.org:8443.',
      'Unknown computers may not ask any more.',
      'The variable Room was added.',
    ]);
  });
});
