import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { type Answer, type Client, Machine, newNonce } from './client.ts';
import { siteFiles, withServer } from './serving.ts';

/*
 * Plays somebody who knows the protocol, has no key and no password and is helped by nobody, and writes down everything he
 * is given. docs/security.md has to say the same: what is new there has to be thought about first.
 */

const files = {
  'devices/lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'collections/lab.yaml': 'members: [lab-01]\n',
  'deployments/D1.yaml': 'sequence: open\ncollection: lab\npurpose: available\n',
  'deployments/D2.yaml': 'sequence: debian\ncollection: lab\npurpose: available\n',
  'deployments/U1.yaml': 'sequence: open\ncollection: All Unknown Computers\npurpose: available\n',
};
const tools = createHash('sha256').update(siteFiles['packages/tools/run.sh']).digest('hex');

type Notebook = string[];

/** The names of what an answer holds; of a refusal nothing. */
function note(notebook: Notebook, request: string, { status, json, body }: Answer, what?: string): void {
  if (status >= 400) return;
  const value = json?.payload === undefined ? json : JSON.parse(Buffer.from(json.payload, 'base64').toString('utf8'));
  const names = (part: unknown): string =>
    Object.entries(part as object)
      .map(([name, held]) => (Array.isArray(held) && held.length === 0 ? `no ${name}` : name))
      .sort()
      .join(', ');
  notebook.push(
    `- \`${request}\`: ${what ?? (value === undefined ? `${body.length > 0 ? 'bytes' : 'nothing'}` : names(value))}`,
  );
}

/** Everything a machine can ask that says this of itself; its session. */
async function play(
  client: Client,
  notebook: Notebook,
  machine: Machine,
  deployments: readonly string[],
): Promise<void> {
  const registered = await client.post('/v1/sessions', machine.registration);
  note(notebook, 'POST /v1/sessions', registered);
  const { session, offers } = client.open(registered.json, {
    format: 'bootwright-registration/1',
    nonce: machine.nonce,
  });
  for (const { deployment } of offers as { deployment: string }[])
    notebook.push(`- named in it: deployment ${deployment}, its sequence, name, description and purpose`);
  note(notebook, 'GET /v1/sessions/:session', await client.ask(`/v1/sessions/${session}`));
  for (const deployment of deployments) {
    const nonce = newNonce();
    const start = { deployment, startLoginRequest: 'AAAA' };
    note(notebook, `POST …/password of ${deployment}`, await client.post(`/v1/sessions/${session}/password`, start));
    const answer = await client.post(`/v1/sessions/${session}/policy`, { deployment, nonce });
    if (answer.status >= 400) continue;
    const grant = client.open(answer.json, { format: 'bootwright-policy-grant/1', nonce });
    const { secrets } = await machine.decrypt(grant);
    expect(secrets).toEqual({});
    note(notebook, `POST …/policy of ${deployment}`, answer, 'the policy, which holds no secret');
    const headers = { authorization: `Bearer ${grant.contentToken}` };
    note(
      notebook,
      'GET /v1/content/:sha256',
      await client.ask(`/v1/content/${tools}`, { headers }),
      'what that policy names',
    );
  }
  const headers = { authorization: `Bearer ${session}` };
  const event = JSON.stringify({ at: '2027-01-01T00:00:00.000Z', type: 'log' });
  const run = createHash('md5').update(machine.nonce).digest('hex');
  note(
    notebook,
    'POST /v1/runs/:run/events',
    await client.post(`/v1/runs/${run}/events?from=0`, event, headers),
    'a place for reports of his own',
  );
  note(
    notebook,
    'DELETE /v1/sessions/:session',
    await client.ask(`/v1/sessions/${session}`, { method: 'DELETE', headers }),
    'the end of his own session',
  );
}

/** What the handshake shows before anything is asked. */
async function certificateOf(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
    const { issuer, subjectaltname } = socket.getPeerCertificate();
    resolve(`${issuer.CN}; ${subjectaltname}`);
    socket.end();
  });
  socket.once('error', reject);
  return promise;
}

it('docs/security.md lists all that a curious stranger is given, and nothing else', async () => {
  await withServer(
    async ({ client, server }) => {
      expect(await certificateOf(server.port)).toBe('Bootwright Lab; DNS:localhost, IP Address:127.0.0.1');
      const nobody: Notebook = ['- TLS: the name of the site, the names and addresses of the server'];
      for (const path of [
        '/v1/hello',
        '/v1/sessions',
        '/v1/runs',
        `/v1/content/${tools}`,
        '/',
        '/keys/ca.pem',
        '/site.yaml',
      ])
        note(nobody, `GET ${path}`, await client.ask(path));
      const unknown: Notebook = [];
      const stranger = { macAddresses: ['52:54:00:00:00:99'], uuid: '' };
      await play(client, unknown, await Machine.start(stranger), ['D1', 'D2', 'U1', 'open', 'debian', 'gone']);
      const known: Notebook = [];
      await play(client, known, await Machine.start(), ['D1', 'D2', 'U1', 'gone']);
      const list = [
        'Somebody without a session:',
        ...nobody,
        'Somebody whose machine nobody knows, in a site that asks (the default):',
        ...unknown,
        'Somebody who says he is a device of the site (`D1` holds no secret, `D2` does):',
        ...known,
      ];
      const page = await readFile(join(import.meta.dirname, '../../docs/security.md'), 'utf8');
      const [, written = ''] = /<!-- begin: test\/server\/stranger-list -->\n(.*?)<!-- end -->/s.exec(page) ?? [];
      expect(written.split('\n').filter((line) => line !== '')).toEqual(list);
    },
    { files },
  );
});
