import { expect, it } from 'vitest';
import { readStatus, writeStatus } from '../../src/server/status.ts';
import { withServer } from './serving.ts';

it('a server says what it serves as long as it runs', async () => {
  await withServer(async ({ server, state }) => {
    expect(await readStatus(state)).toEqual(server.status);
    expect(server.status).toMatchObject({
      port: server.port,
      sequences: ['debian', 'open'],
      problems: [],
      serial: server.catalogue.serial,
    });
    // No process has this id on Linux: it is above the highest one.
    await writeStatus(state, { ...server.status, process: 2 ** 22 + 1 });
    expect(await readStatus(state)).toBeUndefined();
  });
});
