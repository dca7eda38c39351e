import { readText } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { mediumName } from '../model/medium-name.ts';
import { type VolumeFacts, volumeFactsPath } from '../model/volumes.ts';
import { gap, type Page, text } from './page.ts';

/** Asks for a disc; `note` says why the one in the drive is not it. */
export function volumePage(wanted: {
  readonly number: number;
  readonly of: number;
  readonly label: string;
  readonly mediumId: string;
  readonly note: string;
}): Page {
  const { number, of, label, mediumId, note } = wanted;
  return {
    id: `volume-${number}`,
    title: `Insert volume ${number} of ${of}`,
    tone: note === '' ? 'normal' : 'warning',
    blocks: [
      text(`Medium ${mediumName(mediumId)}, disc "${label}".`),
      text('It goes on by itself when the disc is in a drive of this machine.'),
      ...(note === '' ? [] : [gap, text(note)]),
    ],
    keys: [{ key: 'N', text: 'it is not there' }],
  };
}

/** Why a disc is not the one that is wanted, by what it says about itself; whether it says the truth the hashes show. */
export async function wrongDisc(
  folder: string,
  device: string,
  wanted: { readonly mediumId: string; readonly number: number },
): Promise<BootwrightError | undefined> {
  const facts = (await factsOf(`${folder}/${volumeFactsPath}`)) ?? (await factsOf(`${folder}/bootwright/medium.json`));
  if (facts === undefined)
    return new BootwrightError('BW-AGENT-152', `The disc in ${device} is no volume of a medium.`);
  const { id, number } = facts;
  if (id !== wanted.mediumId)
    return new BootwrightError(
      'BW-AGENT-150',
      `The disc in ${device} belongs to medium ${mediumName(id)}, not to ${mediumName(wanted.mediumId)}.`,
    );
  if (number !== wanted.number)
    return new BootwrightError('BW-AGENT-151', `The disc in ${device} is volume ${number}, not ${wanted.number}.`);
  return undefined;
}

async function factsOf(file: string): Promise<{ readonly id: string; readonly number: number } | undefined> {
  try {
    const facts = JSON.parse(await readText(file)) as Partial<VolumeFacts> & { readonly id?: string };
    const id = facts.mediumId ?? facts.id;
    // Anybody's disc may say anything: only what looks like an id is shown.
    return typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) ? { id, number: Number(facts.number ?? 1) } : undefined;
  } catch {
    return undefined;
  }
}
