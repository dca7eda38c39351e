import { BootwrightError } from '../../model/error.ts';
import type { Machine } from '../../model/machine.ts';
import { findVolume, stableName } from '../volumes.ts';
import type { Destination } from './destination.ts';

/** An account of the destination: of a share, or the upload token of a server. */
export interface Account {
  readonly name?: string;
  readonly password?: string;
}

/** The folder an image is written into, as long as it is connected. */
export interface WritingPlace {
  /** Where it is now; another one after `reopen`. */
  folder(): string;
  /** Lets go of it and takes it up again: what is read then comes from the disk or the server, not from memory. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** @throws BW-STEP-111, BW-STEP-114, BW-DISK-008, BW-DISK-009 */
export async function openPlace(
  machine: Machine,
  destination: Exclude<Destination, { kind: 'https' }>,
  { name, password }: Account,
  /** `PARTUUID=…` of what is captured: nothing is written there. */
  captured: readonly string[],
): Promise<WritingPlace> {
  if (destination.kind === 'volume') return openVolume(machine, destination, captured);
  const { kind, server, port, folder } = destination;
  const connect = (): Promise<string> =>
    machine.connectFolder({
      ...{ protocol: kind, server, path: folder },
      ...(port === undefined ? {} : { port }),
      ...(name === undefined || name === '' ? {} : { account: name }),
      ...(password === undefined ? {} : { password }),
    });
  let place = await connect();
  return {
    folder: () => place,
    async reopen() {
      await machine.disconnectFolder(place);
      place = await connect();
    },
    close: () => machine.disconnectFolder(place),
  };
}

async function openVolume(
  machine: Machine,
  { volume: reference, folder }: Extract<Destination, { kind: 'volume' }>,
  captured: readonly string[],
): Promise<WritingPlace> {
  const facts = await findVolume(machine, reference);
  const volume = facts.partitionUuid === '' ? facts.device : stableName(facts);
  if (captured.includes(volume))
    throw new BootwrightError(
      'BW-STEP-111',
      `${facts.device} is captured itself: the image has to go to another disk. Nothing was captured.`,
    );
  let root = await machine.mount(volume);
  // Makes the folder, and finds out now whether anything can be written there.
  const trial = `${root}${folder}/.bootwright-trial`;
  try {
    await machine.writeFile(trial, 'x'.repeat(8192));
    await machine.remove(trial);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BootwrightError(
      'BW-STEP-111',
      `Nothing can be written to ${facts.device}: ${reason}. Nothing was captured.`,
      {
        cause,
      },
    );
  }
  return {
    folder: () => `${root}${folder}`,
    async reopen() {
      await machine.unmount(volume);
      root = await machine.mount(volume);
    },
    close: () => machine.unmount(volume),
  };
}
