import { storageTrouble } from '../host/database.ts';
import { BootwrightError } from '../model/error.ts';

/** What a full or failing disk is to the other end; `undefined` when it is something else. */
export function storageError(cause: unknown): BootwrightError | undefined {
  const trouble = storageTrouble(cause);
  if (trouble === undefined) return undefined;
  return trouble === 'full'
    ? new BootwrightError('BW-SERVER-060', 'The disk of the server is full: nothing was stored.', { cause })
    : new BootwrightError('BW-SERVER-061', 'The server cannot write its state now: nothing was stored.', { cause });
}
