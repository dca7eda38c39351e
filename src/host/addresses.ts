import { hostname, networkInterfaces } from 'node:os';

export { isIP } from 'node:net';

/** Names and addresses under which this machine can be reached; link-local ones, which are good on one link only, left out. */
export function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^fe80:/i.test(address));
  return [...new Set([hostname(), 'localhost', ...addresses])];
}
