import { readCsv } from '../formats/csv.ts';
import { readText } from '../host/files.ts';
import type { Device } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { readMac } from '../model/identifier.ts';
import { findById, type Site } from './site.ts';
import {
  listAt,
  mapAt,
  type PreparedRecord,
  prepareEdit,
  prepareRecord,
  variableNode,
  writeRecords,
} from './write-records.ts';

export interface ImportedDevices {
  readonly added: readonly string[];
  readonly merged: readonly string[];
}

/** Columns that are facts of a device; every other column is a variable. */
const factColumns = new Set(['name', 'mac', 'guid', 'description', 'manufacturer', 'model', 'architecture']);

/**
 * Enters the devices of a table: one per line, the first line names the columns. All lines are right, or nothing is
 * written.
 *
 * @throws BW-DEPLOY-012, BW-DEPLOY-005, BW-HOST-007
 */
export async function importDevices(site: Site, path: string, merge: boolean): Promise<ImportedDevices> {
  const [header, ...rows] = readCsv(await readText(path));
  const columns = (header?.cells ?? []).map((cell) =>
    factColumns.has(cell.toLowerCase()) ? cell.toLowerCase() : cell,
  );
  if (!columns.includes('name')) throw refused(path, 1, 'The first line has no column "name".');
  const prepared: PreparedRecord<Device>[] = [];
  const outcome = { added: [] as string[], merged: [] as string[] };
  const seen = new Set<string>();
  for (const { line, cells } of rows) {
    if (cells.length > columns.length)
      throw refused(path, line, `It has ${cells.length} cells, the first line ${columns.length}.`);
    const { name = '', ...facts } = Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
    if (seen.has(name.toLowerCase()))
      throw refused(path, line, `The device "${name}" stands here for the second time.`);
    seen.add(name.toLowerCase());
    const exists = findById(site.devices, name) !== undefined;
    try {
      if (exists && merge) prepared.push(await mergeDevice(site, name, facts));
      else prepared.push(await newDevice(site, name, facts));
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      throw refused(path, line, error.message, error);
    }
    outcome[exists ? 'merged' : 'added'].push(name);
  }
  await writeRecords(site, prepared);
  return outcome;
}

type Facts = Readonly<Record<string, string>>;

function newDevice(site: Site, name: string, { mac = '', ...facts }: Facts): Promise<PreparedRecord<Device>> {
  const own = Object.entries(facts).filter(([column]) => factColumns.has(column));
  const variables = variablesIn(facts).map(([column, value]) => [column, variableNode(value)]);
  const values = { ...Object.fromEntries(own), variables: Object.fromEntries(variables) };
  return prepareRecord(site, 'devices', name, { macs: macsIn(mac), ...values });
}

/** What the table says is added to the file; variables of the same name get the table's value. */
function mergeDevice(site: Site, name: string, { mac = '', ...facts }: Facts): Promise<PreparedRecord<Device>> {
  return prepareEdit(site, 'devices', name, (document) => {
    const known = findById(site.devices, name)?.macs ?? [];
    for (const one of macsIn(mac)) {
      // One by one: what stands beside the addresses in the file stays.
      if (!known.includes(readMac(one) ?? one)) listAt(document, 'macs').add(one);
    }
    for (const [column, value] of Object.entries(facts)) {
      if (factColumns.has(column) && value !== '') document.set(column, value);
    }
    const given = variablesIn(facts);
    if (given.length === 0) return;
    const variables = mapAt(document, 'variables');
    for (const [column, value] of given) variables.set(column, variableNode(value));
  });
}

function variablesIn(facts: Facts): [string, string][] {
  return Object.entries(facts).filter(([column, value]) => !factColumns.has(column) && column !== '' && value !== '');
}

/** Several addresses in one cell. */
function macsIn(cell: string): string[] {
  return cell.split(/[\s,;|]+/).filter((one) => one !== '');
}

function refused(path: string, line: number, message: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-DEPLOY-012', message, { place: { file: path, line }, cause });
}
