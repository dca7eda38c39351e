import { createHmac, timingSafeEqual } from 'node:crypto';
import { BootwrightError } from '../model/error.ts';

/** Name under which the state keeps the secret of these tokens. */
export const uploadSecretSetting = 'upload-token-secret';

/** Lets whoever has it store one image under one name, until then: `<name>.<seconds since 1970>.<HMAC-SHA-256>`. */
export function uploadToken(secret: string, name: string, until: Date): string {
  const text = `${name}.${Math.floor(until.getTime() / 1000)}`;
  return `${text}.${macOf(secret, text).toString('base64url')}`;
}

/** @throws BW-SERVER-110 */
export function checkUploadToken(secret: string, token: string | undefined, name: string, at: Date): void {
  const [, text = '', allowed = '', seconds = '', mac = ''] =
    /^(([A-Za-z0-9][\w.-]{0,63})\.(\d{1,12}))\.([\w-]{43})$/.exec(token ?? '') ?? [];
  const given = Buffer.from(mac, 'base64url');
  const right = macOf(secret, text);
  if (given.length !== right.length || !timingSafeEqual(given, right))
    throw new BootwrightError('BW-SERVER-110', 'The upload token is missing or was not made by this server.');
  if (Number(seconds) * 1000 <= at.getTime())
    throw new BootwrightError('BW-SERVER-110', 'The upload token has expired.');
  if (allowed !== name)
    throw new BootwrightError('BW-SERVER-110', `The upload token is for ${allowed}.wim and not for ${name}.wim.`);
}

function macOf(secret: string, text: string): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'base64')).update(`bootwright-upload/1\0${text}`).digest();
}
