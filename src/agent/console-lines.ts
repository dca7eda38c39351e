import type { BootwrightEvent } from '../model/event.ts';
import { printable } from './page.ts';

/** An event as a line for the deployed system's console; `undefined` for what nobody waits for there. */
export function consoleLine(event: BootwrightEvent): string | undefined {
  const said = say(event);
  return said === undefined ? undefined : `Bootwright: ${printable(said)}`;
}

function say(event: BootwrightEvent): string | undefined {
  switch (event.type) {
    case 'step.started':
      return `step ${event.index} of ${event.total}, ${event.name}`;
    case 'step.failed':
      return `${event.name} failed (${event.code}): ${event.message}`;
    case 'restart.requested':
      return `the machine restarts. ${event.message}`;
    case 'sequence.completed':
      return `the task sequence "${event.name}" is complete`;
    case 'sequence.failed':
      return `the task sequence "${event.name}" failed at "${event.step}" (${event.code}): ${event.message}`;
    case 'agent.refused':
      return `${event.code} ${event.message}`;
    case 'agent.phase':
      return event.text;
    default:
      return undefined;
  }
}
