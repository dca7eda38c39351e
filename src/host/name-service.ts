import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { BootwrightError } from '../model/error.ts';

/** The address of a host, for programs that cannot ask for it themselves. @throws BW-HOST-110 */
export async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new BootwrightError('BW-HOST-110', `The name ${host} has no address here.`, { cause });
  }
}
