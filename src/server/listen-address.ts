import { BootwrightError } from '../model/error.ts';

/** `192.0.2.1:8443`, `[::]:8443`, `8443`. @throws BW-SERVER-019 */
export function readListenAddress(text: string): { readonly address: string; readonly port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]:|([^:]*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535)
    throw new BootwrightError('BW-SERVER-019', `${text} is no address and port, like 0.0.0.0:8443 or [::]:8443.`);
  return { address: bracketed ?? (plain || '0.0.0.0'), port };
}
