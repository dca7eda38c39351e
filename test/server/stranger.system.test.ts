import { describe, expect, it } from 'vitest';
import { Machine, newNonce } from './client.ts';
import { withServer } from './serving.ts';

/** Everything of the protocol, with an id and a hash that happen to be well-formed. */
const addresses: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/'],
  ['GET', '/v1'],
  ['GET', '/v1/content'],
  ['GET', `/v1/content/${'0'.repeat(64)}`],
  ['HEAD', `/v1/content/${'0'.repeat(64)}`],
  ['GET', '/v1/content/..%2f..%2fsite.yaml'],
  ['GET', '/v1/sessions'],
  ['GET', `/v1/sessions/${'0'.repeat(32)}`],
  ['DELETE', `/v1/sessions/${'0'.repeat(32)}`],
  ['POST', `/v1/sessions/${'0'.repeat(32)}/password`],
  ['POST', `/v1/sessions/${'0'.repeat(32)}/policy`],
  ['GET', '/v1/runs'],
  ['POST', `/v1/runs/${'0'.repeat(32)}/events?from=0`],
  ['PUT', `/v1/runs/${'0'.repeat(32)}/log?offset=0`],
  ['GET', '/.bootwright/state.db'],
  ['GET', '/keys/ca.pem'],
  ['TRACE', '/v1/hello'],
];

describe('a curious stranger who knows the protocol', () => {
  it('learns the name of the site, and nothing else without a session', async () => {
    await withServer(async ({ client }) => {
      const hello = await client.ask('/v1/hello');
      expect(Object.keys(hello.json).sort()).toEqual(['format', 'highest', 'lowest', 'organisation', 'site', 'time']);
      for (const [method, path] of addresses) {
        const { status, json, body, headers } = await client.ask(path, {
          method,
          ...(method === 'POST' || method === 'PUT' ? { body: '{}' } : {}),
        });
        expect(status, `${method} ${path}`).toBeGreaterThanOrEqual(400);
        expect(status, `${method} ${path}`).toBeLessThan(500);
        if (method === 'HEAD' || method === 'TRACE') continue;
        expect(Object.keys(json).sort(), `${method} ${path}`).toEqual(['code', 'fix', 'message']);
        expect(body.toString('utf8')).not.toMatch(/node_modules|at .*\(|\/tmp\/|src\//);
        expect(headers).not.toHaveProperty('server');
      }
    });
  });

  it('gets a code, and with it nothing: not even which deployments there are', async () => {
    await withServer(async ({ client, notices }) => {
      const machine = await Machine.start();
      const { json } = await client.post('/v1/sessions', machine.registration);
      const registration = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
      expect(Object.keys(registration).sort()).toEqual(
        [
          'expiresAt',
          'format',
          'issuedAt',
          'machine',
          'nonce',
          'offers',
          'release',
          'serial',
          'session',
          'waitSeconds',
        ].sort(),
      );
      expect(registration).toMatchObject({ offers: [], release: 'approval' });
      const { session } = registration;
      expect((await client.ask(`/v1/sessions/${session}`)).json).toEqual({ state: 'waiting' });
      const answers = new Set<string>();
      for (const deployment of ['debian', 'open', 'there-is-none']) {
        const policy = await client.post(`/v1/sessions/${session}/policy`, { deployment, nonce: newNonce() });
        const finish = { deployment, nonce: newNonce(), finishLoginRequest: 'AAAA' };
        const forged = await client.post(`/v1/sessions/${session}/policy`, finish);
        const start = { deployment, startLoginRequest: 'AAAA' };
        const password = await client.post(`/v1/sessions/${session}/password`, start);
        const run = await client.post(`/v1/runs/${'1'.repeat(32)}/events?from=0`, '', {
          authorization: `Bearer ${session}`,
        });
        const seen = [policy, forged, password, run].map(({ status, json: said }) => [
          status,
          said.code,
          said.message.replace(deployment, '…'),
        ]);
        expect(seen.map(([status]) => status)).toEqual([403, 403, 403, 403]);
        answers.add(JSON.stringify(seen));
      }
      expect(answers.size).toBe(1);
      expect(notices.filter(({ type }) => type === 'failure')).toEqual([]);
    });
  });

  it('cannot write on the operator’s terminal', async () => {
    await withServer(async ({ client, notices }) => {
      const machine = await Machine.start({ make: 'ACME\u001b[2J\n\u009bx', serialNumber: '1\u202e2' });
      expect((await client.post('/v1/sessions', machine.registration)).status).toBe(201);
      expect(notices[0]?.text).toMatch(/^[\x20-\x7e]+$/);
    });
  });

  it('learns nothing from a failure of ours; the operator does', async () => {
    const decide = () => () => {
      throw new Error('ENOENT: /srv/site/secret-place');
    };
    await withServer(
      async ({ client, notices }) => {
        const machine = await Machine.start();
        const answer = await client.post('/v1/sessions', machine.registration);
        expect(answer).toMatchObject({ status: 500, json: { code: 'BW-SERVER-014' } });
        expect(answer.body.toString('utf8')).not.toMatch(/ENOENT|secret-place|\.ts/);
        expect(notices).toEqual([{ type: 'failure', text: expect.stringContaining('secret-place') }]);
      },
      { decide },
    );
  });

  it('is cut off when a body is larger than anybody needs', async () => {
    await withServer(async ({ client }) => {
      const answer = await client.post('/v1/sessions', Buffer.alloc(300 * 1024, 32));
      expect(answer).toMatchObject({ status: 413, json: { code: 'BW-SERVER-013' } });
    });
  });
});
