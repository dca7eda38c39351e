import { BootwrightError } from '../model/error.ts';
import type { Prompt, Script } from './follow.ts';
import type { GuestEvent } from './guest-event.ts';
import type { Check } from './judge.ts';

/** The site's service as a proof needs it: the real one, handed in by who starts the proof. */
export interface ProofService {
  /** On this machine's loopback. */
  readonly port: number;
  /** Codes of machines that wait for an approval, as the server shows them. */
  waiting(): Promise<readonly string[]>;
  approve(code: string): Promise<void>;
  runs(): Promise<readonly ServedRun[]>;
  close(): Promise<void>;
}

export interface ServedRun {
  readonly state: string;
  readonly sequence: string;
  /** As the agent sent them, in the order of their numbers. */
  readonly events: readonly { readonly at: string; readonly type: string }[];
}

/** Starts it for a machine that uses these names for it; the folder is for its state. */
export type StartService = (names: readonly string[], folder: string) => Promise<ProofService>;

/** Does what an operator and whoever stands at the machine do, and everything else as the script does. */
export function withOperator(script: Script, service: ProofService): Script {
  return {
    judge: script.judge,
    answer: async (prompt, guest) => {
      if (prompt.prompt === 'approval') return compareAndApprove(prompt, service);
      if (prompt.prompt === 'choice') return guest.type('1', 'us');
      // It tries again by itself: a lease may be late.
      if (prompt.prompt === 'network') return undefined;
      return script.answer(prompt, guest);
    },
  };
}

/** @throws BW-PROVE-031 when the two ends show different codes: what the codes are for */
async function compareAndApprove({ text }: Prompt, service: ProofService): Promise<void> {
  const shown = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(text)?.[0] ?? '';
  const waiting = await service.waiting();
  if (waiting.length !== 1 || waiting[0] !== shown)
    throw new BootwrightError(
      'BW-PROVE-031',
      `The machine shows the code ${shown || 'of nothing'}; at the server wait: ${waiting.join(', ') || 'none'}.`,
    );
  await service.approve(shown);
}

/** What the server was told, compared with what the machine said: each event once, in order, to the end of the run. */
export async function judgeReports(service: ProofService, heard: readonly GuestEvent[]): Promise<Check[]> {
  const [run, ...others] = await service.runs();
  const recorded = (run?.events ?? []).map(identity);
  // Marks of the initramfs are no events of the agent, and its first sign of life comes before it can tell anybody.
  const said = sinceRenewal(heard).flatMap(({ event }) =>
    ['boot.mark', 'console.login', 'agent.started'].includes(event.type) || !('at' in event) ? [] : [identity(event)],
  );
  const fault = difference(recorded, said);
  return [
    {
      name: 'run in the history of the server',
      passed: run?.state === 'completed' && others.length === 0,
      found: run === undefined ? 'none' : `${run.sequence}: ${run.state}${others.length === 0 ? '' : ', and others'}`,
    },
    {
      name: 'record of the server',
      passed: fault === undefined && recorded.length > 0,
      found: fault ?? `${recorded.length} events, each once and in order`,
    },
  ];
}

/** What an agent said before it gave way to a newer boot image is nobody's run. */
function sinceRenewal(heard: readonly GuestEvent[]): readonly GuestEvent[] {
  return heard.slice(
    heard.findLastIndex(({ event }) => event.type === 'agent.phase' && event.name === 'boot-image') + 1,
  );
}

function identity({ at, type }: { readonly at: string; readonly type: string }): string {
  return `${at} ${type}`;
}

/**
 * What is said before there is a run to tell of, and after the server has been told all, is not missing: everything from
 * the machine's recognition to the end of the sequence is.
 */
function difference(recorded: readonly string[], said: readonly string[]): string | undefined {
  const first = said.indexOf(recorded[0] ?? '');
  const wanted = first < 0 ? said : said.slice(first);
  const at = recorded.findIndex((event, index) => event !== wanted[index]);
  if (at >= 0) return `event ${at} is "${recorded[at]}", the machine said "${wanted[at] ?? 'nothing more'}"`;
  const isKey = (event: string): boolean => / (machine\.recognised|sequence\.(started|completed))$/.test(event);
  const missing = said.filter((event, index) => isKey(event) && (index < first || index >= first + recorded.length));
  return missing.length === 0 ? undefined : `"${missing[0]}" is missing`;
}
