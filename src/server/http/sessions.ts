import { sleep } from '../../host/clock.ts';
import type { WebServer } from '../../host/web-server.ts';
import { BootwrightError } from '../../model/error.ts';
import type { PasswordChallenge } from '../../model/protocol.ts';
import { enrol, takeTpmProof } from '../enrolment.ts';
import { grantPolicy } from '../grant.ts';
import { offersFor } from '../offers.ts';
import { startLogin } from '../passwords.ts';
import { register, stateOfSession } from '../register.ts';
import { releaseOf } from '../release.ts';
import type { Service } from '../service.ts';
import { endSession, findSession, requestOf, type Session, sessionKeyOf } from '../state/sessions.ts';
import { enrolment, passwordStart, policyRequest, readBody, readId, readRegistration, tpmProof } from './requests.ts';

const longestWait = 25_000;
/** Approvals come from another process through the database, which does not tell: it is looked at this often. */
const lookEvery = 500;

interface SessionPath {
  Params: { session: string };
}

export function addSessionRoutes(server: WebServer, service: Service): void {
  const sessionOf = (id: string): Promise<Session> =>
    findSession(service.state, sessionKeyOf(readId(id)), service.now());

  server.post('/v1/sessions', { bodyLimit: 128 * 1024 }, async (request, reply) => {
    reply.code(201);
    return register(service, readRegistration(request.body), request.ip);
  });

  server.get<SessionPath & { Querystring: { since?: string } }>('/v1/sessions/:session', async (request) => {
    const { session: id } = request.params;
    let session = await sessionOf(id);
    for (let waited = 0; session.state === request.query.since && waited < longestWait; waited += lookEvery) {
      await sleep(lookEvery);
      // The machine went away, or the server ends and its database is closed.
      if (request.raw.socket.destroyed) break;
      session = await sessionOf(id);
    }
    return stateOfSession(service, session, id);
  });

  server.delete<SessionPath>('/v1/sessions/:session', async (request, reply) => {
    const { key } = await sessionOf(request.params.session);
    await endSession(service.state, key);
    return reply.code(204).send();
  });

  server.post<SessionPath>('/v1/sessions/:session/password', async (request): Promise<PasswordChallenge> => {
    const session = await sessionOf(request.params.session);
    const { deployment, startLoginRequest } = readBody(passwordStart, request.body);
    const { decision, offered } = await offersFor(service, requestOf(session), { session: session.key });
    const found = offered.find(({ offer }) => offer.deployment === deployment);
    // One answer for "there is none" and "not by password": strangers do not learn which deployments there are.
    if (session.state !== 'waiting' || found === undefined || releaseOf(decision, found) !== 'password')
      throw new BootwrightError('BW-SERVER-004', `No password releases ${deployment} to this machine.`);
    const at = service.now();
    return { loginResponse: await startLogin(service.state, session, deployment, startLoginRequest, at) };
  });

  server.post<SessionPath>('/v1/sessions/:session/tpm', async (request, reply) => {
    const session = await sessionOf(request.params.session);
    await takeTpmProof(service, session, readBody(tpmProof, request.body));
    return reply.code(204).send();
  });

  server.post<SessionPath>('/v1/sessions/:session/enrolment', async (request, reply) => {
    const session = await sessionOf(request.params.session);
    await enrol(service, session, readBody(enrolment, request.body));
    return reply.code(204).send();
  });

  server.post<SessionPath>('/v1/sessions/:session/policy', async (request) => {
    const session = await sessionOf(request.params.session);
    return grantPolicy(service, session, readBody(policyRequest, request.body));
  });
}
