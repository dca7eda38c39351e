import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Catalogue } from '../../src/server/policy/served.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { Machine, newNonce } from './client.ts';
import { withServer } from './serving.ts';

/** The id that `Machine.registration` names. */
const id = 'AB'.repeat(16);
const revoked = `media:\n  - { id: ${id}, reason: the stick was lost }\n`;

it('a medium that was revoked gets nothing, whoever approves; not even what was approved before', async () => {
  const changed = Promise.withResolvers<Catalogue>();
  await withServer(
    async ({ client, folder, state }) => {
      const before = await Machine.start();
      const { json } = await client.post('/v1/sessions', before.registration);
      const { session } = client.open(json, { format: 'bootwright-registration/1', nonce: before.nonce });
      await approve(state, before.code(client.signingKey), new Date());
      const ask = async () => client.post(`/v1/sessions/${session}/policy`, { deployment: 'open', nonce: newNonce() });
      expect((await ask()).status).toBe(200);

      await writeFile(join(folder, 'revoked-media.yaml'), revoked);
      await changed.promise;
      expect(await ask()).toMatchObject({ status: 403, json: { code: 'BW-SERVER-007' } });
      const machine = await Machine.start();
      const answer = await client.post('/v1/sessions', machine.registration);
      const registration = client.open(answer.json, { format: 'bootwright-registration/1', nonce: machine.nonce });
      expect(registration).toMatchObject({
        ...{ release: 'refused', offers: [], machine: { name: '' } },
        reason: 'this medium was revoked: the stick was lost',
      });
      await expect(approve(state, machine.code(client.signingKey), new Date())).rejects.toMatchObject({
        code: 'BW-SERVER-015',
      });
    },
    { onCatalogue: changed.resolve },
  );
});

it('a list that cannot be read is no empty list: the server does not start', async () => {
  const files = { 'revoked-media.yaml': 'media: [{ id: nonsense }]\n' };
  await expect(withServer(async () => {}, { files })).rejects.toMatchObject({ code: 'BW-DEPLOY-008' });
});
