import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBenchServer } from '../../src/server/bench.ts';
import { Machine } from './client.ts';
import { clientOf, withKeyedSite } from './serving.ts';

describe('the service of a site on the bench', () => {
  it('shows who waits and takes approvals, and leaves nothing in the site', async () => {
    await withKeyedSite(async (siteFolder) => {
      const folder = await mkdtemp(join(tmpdir(), 'bench-'));
      const server = await startBenchServer({ siteFolder, names: ['localhost', '192.0.2.9'], folder });
      const client = await clientOf(siteFolder, server.port);
      try {
        const machine = await Machine.start();
        const answer = await client.post('/v1/sessions', machine.registration);
        const { session } = client.open(answer.json, {
          ...{ format: 'bootwright-registration/1', nonce: machine.nonce },
        });
        expect(await server.waiting()).toEqual([machine.code(client.signingKey)]);
        await expect(server.approve('0000-0000')).rejects.toMatchObject({ code: 'BW-SERVER-015' });
        await server.approve(machine.code(client.signingKey));
        expect(await server.waiting()).toEqual([]);
        expect((await client.ask(`/v1/sessions/${session}`)).json.state).toBe('approved');
        expect(await server.runs()).toEqual([]);
      } finally {
        client.close();
        await server.close();
        await rm(folder, { recursive: true });
      }
      const left = await readdir(join(siteFolder, '.bootwright')).catch(() => []);
      expect(left.filter((name) => /^(state\.db|policy-serial)/.test(name))).toEqual([]);
    });
  });
});
