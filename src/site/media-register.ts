import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import * as z from 'zod';
import { readYaml } from '../formats/yaml.ts';
import { exists, readdir, readText, writeAtomically } from '../host/files.ts';
import { BootwrightError, type Problem } from '../model/error.ts';
import { mediumName, typedMediumName } from '../model/medium-name.ts';
import { loadRevokedMedia, revokedMediaFile } from './load-revoked.ts';

const text = z.string().max(255);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT/);

/** `media/<NAME>.yaml`: what a site knows of one medium it made. Holds no secret. */
const recordSchema = z.strictObject({
  medium: z.string().regex(/^[0-9a-f]{32}$/),
  kind: z.string(),
  sequence: z.string().optional(),
  label: text,
  protection: z.string(),
  made: time,
  validTo: time.optional(),
  /** Where it was written, relative to the site's folder. */
  file: z.string().optional(),
  holder: text.optional(),
  place: text.optional(),
  note: text.optional(),
  revoked: z.strictObject({ at: time, reason: text }).optional(),
});

export type MediumRecord = z.infer<typeof recordSchema>;

export interface RegisteredMedium extends MediumRecord {
  /** `BW-7Q4K-22MD`. */
  readonly name: string;
}

const folderName = 'media';

/** All media the site made and has on record, the newest first. @throws BW-SITE-090 */
export async function readRegister(siteFolder: string): Promise<RegisteredMedium[]> {
  const names = (await readdir(join(siteFolder, folderName)).catch((): string[] => [])).filter((name) =>
    name.endsWith('.yaml'),
  );
  const records = await Promise.all(names.map((name) => readRecord(siteFolder, name.slice(0, -5))));
  return records.toSorted((a, b) => (a.made < b.made ? 1 : -1));
}

/** Enters a medium that was made; what people wrote about the same medium stays. @throws BW-SITE-090 */
export async function registerMedium(siteFolder: string, record: MediumRecord): Promise<RegisteredMedium> {
  const name = mediumName(record.medium);
  const { holder, place, note, revoked } = (await known(siteFolder, name)) ?? {};
  return write(siteFolder, { ...record, ...defined({ holder, place, note, revoked }), name });
}

/** Writes down who has it and where. An empty text removes what stood there. @throws BW-SITE-090, BW-SITE-091 */
export async function noteMedium(
  siteFolder: string,
  typed: string,
  changes: Partial<Pick<MediumRecord, 'holder' | 'place' | 'note'>>,
): Promise<RegisteredMedium> {
  return write(siteFolder, { ...(await findMedium(siteFolder, typed)), ...changes });
}

/**
 * Marks a medium as lost: servers of the site refuse it from then on. One without a network cannot be stopped.
 *
 * @throws BW-SITE-090, BW-SITE-091
 */
export async function revokeMedium(
  siteFolder: string,
  typed: string,
  reason: string,
  at: Date,
): Promise<RegisteredMedium> {
  const found = await findMedium(siteFolder, typed);
  const revoked = found.revoked ?? { at: at.toISOString().replace(/\.\d+/, ''), reason };
  // First where it counts: a record that says revoked must not be ahead of the servers.
  await listRevoked(siteFolder, found.medium, revoked.reason);
  return write(siteFolder, { ...found, revoked });
}

/** The medium of that name or id. @throws BW-SITE-091 */
export async function findMedium(siteFolder: string, typed: string): Promise<RegisteredMedium> {
  const name = /^[0-9a-f]{32}$/i.test(typed) ? mediumName(typed.toLowerCase()) : typedMediumName(typed);
  const found = await known(siteFolder, name);
  if (found !== undefined) return found;
  throw new BootwrightError('BW-SITE-091', `The site has no medium ${name} on record.`);
}

async function known(siteFolder: string, name: string): Promise<RegisteredMedium | undefined> {
  const names = await readdir(join(siteFolder, folderName)).catch((): string[] => []);
  return names.includes(`${name}.yaml`) ? readRecord(siteFolder, name) : undefined;
}

async function readRecord(siteFolder: string, name: string): Promise<RegisteredMedium> {
  const file = join(siteFolder, folderName, `${name}.yaml`);
  const { value, problems } = readYaml(await readText(file), file);
  const record = recordSchema.safeParse(value);
  const why = problems[0]?.message ?? record.error?.issues[0]?.message;
  if (!record.success || why !== undefined || mediumName(record.data.medium) !== name)
    throw new BootwrightError(
      'BW-SITE-090',
      `${file} is no record of a medium: ${why ?? 'its name is another medium’s'}.`,
      {
        place: { file },
      },
    );
  return { ...record.data, name };
}

async function write(siteFolder: string, { name, ...record }: RegisteredMedium): Promise<RegisteredMedium> {
  const filled = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ''));
  await writeAtomically(join(siteFolder, folderName, `${name}.yaml`), stringify(filled));
  return { ...(filled as MediumRecord), name };
}

/** The file that servers read; what people wrote into it stays as it is. */
async function listRevoked(siteFolder: string, id: string, reason: string): Promise<void> {
  const problems: Problem[] = [];
  const listed = await loadRevokedMedia(siteFolder, problems);
  const [first] = problems;
  if (first !== undefined)
    throw new BootwrightError(first.code, `${first.message} Nothing was added to it.`, { place: first });
  if (listed.has(id)) return;
  const file = join(siteFolder, revokedMediaFile);
  const document = parseDocument((await exists(file)) ? await readText(file) : '');
  if (document.has('media')) document.addIn(['media'], { id, reason });
  else document.set('media', [{ id, reason }]);
  await writeAtomically(file, String(document));
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
