import { readText, rm } from '../../host/files.ts';
import type { NetworkSettings } from '../../model/network.ts';
import type { SequenceVariable } from '../../model/sequence.ts';

/**
 * What a running system that is to be captured gives to the boot environment it starts. It goes there in memory, with
 * the kernel, so passwords in it never touch a disk.
 */
export interface HandedCapture {
  readonly format: 'bootwright-capture/1';
  readonly mediumId: string;
  /** Of the medium, where it has one. */
  readonly password?: string;
  /** What was answered, hidden ones too. */
  readonly variables: readonly SequenceVariable[];
  readonly network: NetworkSettings;
}

export const handedFile = 'capture.json';

/** `undefined` in every other start. What was read is gone: it is wanted once. */
export async function takeHanded(etc: string): Promise<HandedCapture | undefined> {
  const path = `${etc}/${handedFile}`;
  const text = await readText(path).catch(() => undefined);
  if (text === undefined) return undefined;
  await rm(path, { force: true });
  const handed = JSON.parse(text) as HandedCapture;
  if (handed.format !== 'bootwright-capture/1') throw new Error(`${handedFile} is in an unknown form`);
  return handed;
}
