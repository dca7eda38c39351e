import { join } from 'node:path';
import { type AgentPaths, agentPaths, recordFolder } from '../paths.ts';

/** Where the agent of a running system lies; all of it goes when it is removed. */
export interface ClientPlaces {
  /** Program, Node, and what names the site. */
  readonly folder: string;
  /** What it remembers. */
  readonly state: string;
  readonly command: string;
  readonly service: string;
  readonly timer: string;
}

export const serviceName = 'bootwright-client.service';
export const timerName = 'bootwright-client.timer';

/** `root`: tests use another one. */
export function clientPlaces(root = '/'): ClientPlaces {
  return {
    folder: join(root, 'opt/bootwright-agent'),
    state: join(root, 'var/lib/bootwright-agent'),
    command: join(root, 'usr/local/bin/bootwright-agent'),
    service: join(root, 'etc/systemd/system', serviceName),
    timer: join(root, 'etc/systemd/system', timerName),
  };
}

/** The agent's own places when it runs as a command or by the timer. */
export function clientPaths(root = '/'): AgentPaths {
  const { folder } = clientPlaces(root);
  return {
    ...agentPaths('deployed', root),
    etc: join(folder, 'etc'),
    server: join(folder, 'etc/server.json'),
    logs: join(root, recordFolder, 'client'),
    node: join(folder, 'node'),
    program: join(folder, 'program'),
  };
}
