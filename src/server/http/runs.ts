import type { WebServer } from '../../host/web-server.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Service } from '../service.ts';
import { grantsOf } from '../state/grants.ts';
import { appendEvents, appendLog, type RunOwner } from '../state/runs.ts';
import { endSession, findSession, sessionKeyOf } from '../state/sessions.ts';
import { readEvents, readId, readNumber } from './requests.ts';

interface RunPath {
  Params: { run: string };
}

export function addRunRoutes(server: WebServer, service: Service): void {
  server.post<RunPath>('/v1/runs/:run/events', { bodyLimit: 4 * 2 ** 20 }, async (request) => {
    const from = readNumber(request.query, 'from');
    const owner = await ownerOf(service, request.params.run, request.headers.authorization);
    const events = readEvents(request.body);
    const next = await appendEvents(service.state, owner, from, events, service.now());
    const end = events.findLast(({ type }) => type === 'sequence.completed' || type === 'sequence.failed');
    const { id, machine, sequence } = owner;
    for (const { type } of events)
      if (type.startsWith('sequence.'))
        service.notify({
          type: 'run.changed',
          text: `${sequence} on ${machine}: ${type.slice(9)} (run ${id})`,
          machine,
        });
    // A failed run may be started again in the same session; a completed one needs nothing more.
    if (end?.type === 'sequence.completed') await endSession(service.state, owner.session);
    return { next };
  });

  server.put<RunPath>('/v1/runs/:run/log', { bodyLimit: 8 * 2 ** 20 }, async (request) => {
    const offset = readNumber(request.query, 'offset');
    const owner = await ownerOf(service, request.params.run, request.headers.authorization);
    const bytes = Buffer.isBuffer(request.body) ? request.body : new Uint8Array(0);
    return { next: await appendLog(service.state, owner, offset, bytes, service.now()) };
  });
}

/** Reports are taken from sessions that were given a policy, also after they ended. @throws BW-SERVER-003, BW-SERVER-004 */
async function ownerOf(service: Service, run: string, authorization: string | undefined): Promise<RunOwner> {
  const id = readId(run);
  const bearer = /^Bearer +([0-9a-f]{32})$/i.exec(authorization ?? '')?.[1];
  if (bearer === undefined)
    throw new BootwrightError('BW-SERVER-003', 'Reports need the session: Authorization: Bearer SESSION.');
  const { key, machine } = await findSession(service.state, sessionKeyOf(bearer), new Date(0));
  const [grant] = await grantsOf(service.state, key);
  if (grant === undefined) throw new BootwrightError('BW-SERVER-004', 'This session was given no policy to run.');
  return { id, session: key, machine, deployment: grant.deployment, sequence: grant.sequence };
}
