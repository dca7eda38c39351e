import type { BootwrightError } from '../../model/error.ts';
import type { AgentContext } from '../context.ts';
import { gap, type Page, text } from '../page.ts';
import { ask } from '../question.ts';
import { saveLogsAndTell } from '../save-logs.ts';
import { type FixedAddress, parseFixedAddress } from './network.ts';

/** Switches, cables and servers come back; nobody need stand there when they do. */
const secondsToRetry = 60;

/** No server answers: tries again, or takes an address somebody types. `undefined`: by DHCP again. Restarts when told to. */
export async function askAboutNetwork(
  context: AgentContext,
  error: BootwrightError,
): Promise<FixedAddress | undefined> {
  for (let note = ''; ; ) {
    const answered = await ask(context, {
      prompt: 'network',
      page: (left) => networkPage(error, left, note),
      answers: { r: 'retry', s: 'address', l: 'logs', enter: 'restart' },
      countdown: { seconds: secondsToRetry, answer: 'retry' },
    });
    if (answered === undefined || answered.answer === 'retry') return undefined;
    if (answered.answer === 'restart') return context.restart();
    if (answered.answer === 'logs') note = await saveLogsAndTell(context);
    else {
      const typed = await typeAddress(context);
      if (typed !== undefined) return typed;
    }
  }
}

async function typeAddress({ terminal, emit }: AgentContext): Promise<FixedAddress | undefined> {
  terminal.discardKeys();
  for (let typed = '', note = ''; ; ) {
    terminal.show(typingPage(typed, note));
    const press = await terminal.press();
    if (press?.kind === 'text') typed = (typed + press.text).slice(0, 140);
    else if (press?.kind === 'backspace') typed = typed.slice(0, -1);
    else if (press?.kind === 'clear-line') typed = '';
    else if (press?.kind === 'escape') return undefined;
    else if (press?.kind === 'enter') {
      const address = parseFixedAddress(typed);
      if (address === undefined) note = `"${typed}" is not an address with prefix, a gateway and a DNS server.`;
      else {
        emit({ type: 'prompt.answered', prompt: 'network', answer: `address ${typed.trim()}` });
        return address;
      }
    }
  }
}

function networkPage(error: BootwrightError, left: number | undefined, note: string): Page {
  return {
    id: `network${left === undefined ? '-waiting' : ''}`,
    title: 'No server answers',
    tone: 'warning',
    blocks: [
      text(error.message),
      gap,
      text('Check cable and network. VLAN tags and proxies cannot be set here.'),
      ...(note === '' ? [] : [gap, text(note)]),
      gap,
      left === undefined ? text('Waiting.') : { kind: 'live', text: `The next try is in ${left} s.` },
    ],
    keys: [
      { key: 'R', text: 'tries again' },
      { key: 'S', text: 'static address' },
      ...(left === undefined ? [] : [{ key: 'Esc', text: 'waits' }]),
      { key: 'L', text: 'saves the logs' },
      { key: 'Enter', text: 'restarts' },
    ],
  };
}

function typingPage(typed: string, note: string): Page {
  return {
    id: 'network-typing',
    title: 'Which address is this machine to use?',
    tone: 'normal',
    blocks: [
      text('Address/prefix, gateway and DNS server, for example 192.0.2.10/24 192.0.2.1 192.0.2.53'),
      ...(note === '' ? [] : [gap, text(note)]),
      gap,
      { kind: 'live', text: `${typed}_` },
    ],
    keys: [
      { key: 'Enter', text: 'uses it' },
      { key: 'Esc', text: 'goes back' },
    ],
  };
}
