import { BootwrightError } from '../../model/error.ts';
import type { State } from './state.ts';

/** A run with the name of its machine. */
export interface RunFacts {
  readonly id: string;
  readonly machine: string;
  readonly name: string;
  readonly deployment: string;
  readonly sequence: string;
  readonly state: 'running' | 'completed' | 'failed';
  readonly started: string;
  /** When its last report came. */
  readonly changed: string;
  readonly logBytes: number;
}

/** The newest first. */
export async function listRuns(state: State): Promise<RunFacts[]> {
  const rows = await state
    .selectFrom('runs')
    .leftJoin('machines', 'machines.key', 'runs.machine')
    .select(['runs.id', 'machine', 'machines.name as name', 'deployment', 'sequence', 'state', 'started', 'changed'])
    .select('log_bytes as logBytes')
    .orderBy('started', 'desc')
    .execute();
  return rows.map((row) => ({ ...row, name: row.name ?? '' }));
}

/** The run whose id begins like this. @throws BW-SERVER-016 none, or several */
export async function findRun(state: State, start: string): Promise<RunFacts> {
  const fitting = (await listRuns(state)).filter(({ id }) => id.startsWith(start.toLowerCase()));
  const [run] = fitting;
  if (run !== undefined && fitting.length === 1) return run;
  const found = fitting.length === 0 ? 'No run has' : `${fitting.length} runs have`;
  throw new BootwrightError('BW-SERVER-016', `${found} an id that begins with ${start}.`);
}

/** Its events in order, each as the agent sent it. */
export async function eventsOf(state: State, run: string): Promise<{ readonly at: string; readonly type: string }[]> {
  const rows = await state
    .selectFrom('run_events')
    .select('event_json')
    .where('run', '=', run)
    .orderBy('number')
    .execute();
  return rows.map(({ event_json }) => JSON.parse(event_json) as { at: string; type: string });
}

export async function logOf(state: State, run: string): Promise<Uint8Array> {
  const rows = await state.selectFrom('run_logs').select('bytes').where('run', '=', run).orderBy('position').execute();
  return Buffer.concat(rows.map(({ bytes }) => bytes));
}

const columns = ['id', 'machine', 'name', 'deployment', 'sequence', 'state', 'started', 'changed'] as const;

/** Runs as RFC 4180 has it, with a head line. */
export function runsAsCsv(runs: readonly RunFacts[]): string {
  const lines = [columns.join(','), ...runs.map((run) => columns.map((column) => csvCell(run[column])).join(','))];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** Machines name themselves: a spreadsheet must not take a name for a formula. */
function csvCell(value: string): string {
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
