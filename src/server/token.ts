import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import { readSetting, type State, writeSetting } from './state/state.ts';

const tokenHours = 8;
const secretDays = 30;

/** A token that opens the content of one session's grants: `<session key>.<seconds since 1970>.<HMAC-SHA-256>`. */
export function contentToken(
  secret: string,
  session: string,
  at: Date,
): { readonly token: string; readonly expiresAt: Date } {
  const seconds = Math.floor(at.getTime() / 1000) + tokenHours * 3600;
  const text = `${session}.${seconds}`;
  return { token: `${text}.${macOf(secret, text).toString('base64url')}`, expiresAt: new Date(seconds * 1000) };
}

/** The session key in a token. @throws BW-SERVER-008 */
export function sessionOfToken(secret: string, token: string, at: Date): string {
  const [, text = '', session = '', seconds = '', mac = ''] =
    /^(([0-9a-f]{64})\.(\d{1,12}))\.([\w-]{43})$/.exec(token) ?? [];
  const given = Buffer.from(mac, 'base64url');
  const right = macOf(secret, text);
  if (given.length !== right.length || !timingSafeEqual(given, right))
    throw new BootwrightError('BW-SERVER-008', 'The content token is missing or was not made by this server.');
  if (Number(seconds) * 1000 <= at.getTime())
    throw new BootwrightError('BW-SERVER-008', 'The content token has expired.');
  return session;
}

/**
 * The secret that keys tokens now, made anew after 30 days. Machines whose token is of the one before are refused it
 * once, and get another with their policy.
 */
export async function currentTokenSecret(state: State, at: Date): Promise<string> {
  const [known = '', since = ''] = ((await readSetting(state, 'content-token-secret')) ?? '').split(' ');
  if (known !== '' && Date.parse(since) > at.getTime() - secretDays * 86_400_000) return known;
  const secret = Buffer.from(randomBytes(32)).toString('base64');
  await writeSetting(state, 'content-token-secret', `${secret} ${at.toISOString()}`);
  return secret;
}

function macOf(secret: string, text: string): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'base64')).update(`bootwright-content/1\0${text}`).digest();
}
