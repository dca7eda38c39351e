import { BootwrightError } from '../model/error.ts';
import type { Prompt, Script, Verdict } from './follow.ts';
import type { Guest } from './guest.ts';
import type { ReportedEvent } from './guest-event.ts';
import type { KeyboardLayout } from './keyboard.ts';

/**
 * `agent`: the medium boots, its signature holds, the password opens it and the agent knows what it would do.
 * `deployed`: the task sequence ran to its end.
 */
export type Expectation = 'agent' | 'deployed';
export const expectations = ['agent', 'deployed'] as const;

export interface ScriptOptions {
  readonly expect: Expectation;
  readonly password?: string;
  readonly layout: KeyboardLayout;
  /** Where the person sits. */
  readonly console: 'screen' | 'serial';
  /** Files of the medium's discs, the first one first. */
  readonly volumes?: readonly string[];
}

/** What a person would do who wants the medium to do its work: the password, Enter, and no retries. */
export function usualScript(options: ScriptOptions): Script {
  return { judge: judgeBy(options.expect), answer: answerWith(options) };
}

/**
 * A run that ends in the deployed system is over when the agent there has taken itself away. One that ends in the
 * boot environment still has to show that the disk starts.
 */
function judgeBy(expect: Expectation): (event: ReportedEvent) => Verdict {
  let environment: 'boot' | 'deployed' = 'boot';
  let isFinished = false;
  return (event) => {
    switch (event.type) {
      case 'agent.started':
        environment = event.environment;
        return 'go on';
      case 'boot.mark':
        // PID 1 says so when the agent died; it never ends by itself without restarting the machine.
        return event.name.startsWith('agent-ended')
          ? { code: 'BW-PROVE-012', failed: 'The agent crashed; the console shows why.' }
          : 'go on';
      case 'agent.refused':
        return failed(`The agent refused: ${event.code} ${event.message}`);
      case 'sequence.failed':
        return failed(`The task sequence failed at "${event.step}" with code ${event.code}: ${event.message}`);
      case 'target.chosen':
      case 'sequence.started':
        return expect === 'agent' ? 'reached' : 'go on';
      case 'prompt.shown':
        if ((event.prompt === 'confirm' || event.prompt === 'input') && expect === 'agent') return 'reached';
        return event.prompt === 'clock' || event.prompt === 'failure'
          ? failed(`The agent asks for a person: ${event.text}`)
          : 'go on';
      case 'agent.phase':
        isFinished ||= event.name === 'finished';
        return isFinished && environment === 'deployed' ? 'reached' : 'go on';
      case 'console.login':
        return isFinished ? 'reached' : 'go on';
      default:
        return 'go on';
    }
  };
}

function failed(reason: string): Verdict {
  return { code: 'BW-PROVE-002', failed: reason };
}

function answerWith({ password, layout, console, volumes }: ScriptOptions): Script['answer'] {
  return async (prompt: Prompt, guest: Guest) => {
    if (prompt.prompt === 'volume') {
      const disc = volumes?.[(prompt.volume ?? 0) - 1];
      if (disc === undefined)
        throw new BootwrightError(
          'BW-PROVE-005',
          `The medium asks for its volume ${prompt.volume}, which is not there.`,
        );
      return guest.insert(disc);
    }
    const answer = answerTo(prompt, password);
    if (console === 'serial') await guest.typeSerial(answer.replaceAll('\n', '\r'));
    else await guest.type(answer, layout);
  };
}

function answerTo(prompt: Prompt, password: string | undefined): string {
  if (prompt.prompt !== 'password') return '\n';
  if (password === undefined) {
    throw new BootwrightError('BW-PROVE-005', 'The medium asks for its password, and the proof was given none.');
  }
  if ((prompt.attempt ?? 1) > 1) {
    throw new BootwrightError('BW-PROVE-002', 'The medium does not take the password: it was typed and refused.');
  }
  return `${password}\n`;
}
