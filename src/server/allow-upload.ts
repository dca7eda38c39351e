import { BootwrightError } from '../model/error.ts';
import { keptSetting, type State } from './state/state.ts';
import { readStatus } from './status.ts';
import { uploadSecretSetting, uploadToken } from './upload-token.ts';

export interface AllowedUpload {
  readonly token: string;
  /** ISO 8601. */
  readonly until: string;
  /** For OSDCaptureDestination; the name of the server is the operator's to know where none runs. */
  readonly destination: string;
}

/** Makes an upload token. @throws BW-SERVER-001 for a name no image can have */
export async function allowUpload(state: State, name: string, hours: number, now: Date): Promise<AllowedUpload> {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name) || /\.wim$/i.test(name))
    throw new BootwrightError(
      'BW-SERVER-001',
      `"${name}" is no ID of an image: letters, digits, dots and hyphens, without .wim at its end.`,
    );
  const until = new Date(now.getTime() + hours * 3_600_000);
  const server = await readStatus(state);
  return {
    token: uploadToken(await keptSetting(state, uploadSecretSetting), name, until),
    until: until.toISOString(),
    destination: `https://${server === undefined ? 'SERVER:8443' : `${server.address}:${server.port}`}/v1/captures/${name}.wim`,
  };
}
