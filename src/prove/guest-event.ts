import type { BootwrightEvent } from '../model/event.ts';
import { formatBytes } from '../model/quantity.ts';

/** An event of the guest with the host's clock: seconds since power-on. Guests' clocks may be anything. */
export interface GuestEvent {
  readonly seconds: number;
  readonly event: ReportedEvent;
}

/** What the initramfs and init say before there is an agent. */
export interface BootMark {
  readonly type: 'boot.mark';
  readonly name: string;
  readonly uptime?: number;
}

/** Not an event of the guest: its serial console shows a login prompt, so an operating system is up. */
export interface LoginSeen {
  readonly type: 'console.login';
}

export type ReportedEvent = BootwrightEvent | BootMark | LoginSeen;

/**
 * Reads one line of the event port. Firmware (OVMF) mirrors its console to every serial port it finds, so escape
 * sequences and foreign text may stand before an event, and whole lines may be something else.
 */
export function parseEventLine(line: string): ReportedEvent | undefined {
  const start = line.indexOf('{"');
  if (start < 0) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(start));
    return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
      ? (value as ReportedEvent)
      : undefined;
  } catch {
    return undefined;
  }
}

/** One line for a person who watches, or nothing for what only machines want to know. */
export function describeEvent(event: ReportedEvent): string | undefined {
  switch (event.type) {
    case 'boot.mark':
      return `boot environment: ${event.name}`;
    case 'console.login':
      return 'the operating system asks for a login';
    case 'agent.started':
      return `agent started in the ${event.environment === 'boot' ? 'boot environment' : 'deployed system'}`;
    case 'machine.recognised':
      return `machine: ${event.facts.firmware}${event.facts.secureBoot ? ', Secure Boot' : ''}${event.resumed ? '; the run goes on' : ''}`;
    case 'agent.phase':
      return event.text;
    case 'agent.refused':
      return `refused: ${event.code} ${event.message}`;
    case 'prompt.shown':
      return `asks: ${event.prompt}${event.attempt === undefined || event.attempt === 1 ? '' : ` (try ${event.attempt})`}`;
    case 'prompt.answered':
      return `answered: ${event.prompt}: ${event.answer}`;
    case 'verify.completed':
      return `verified ${event.files} files, ${formatBytes(event.bytes)}`;
    case 'target.chosen':
      return `target: ${event.disk.path} ${event.disk.model} ${event.disk.serial}, ${formatBytes(event.disk.sizeBytes)}`;
    case 'sequence.started':
      return `task sequence "${event.name}", ${event.total} steps`;
    case 'step.started':
      return `step ${event.index} of ${event.total}: ${event.name}`;
    case 'step.skipped':
      return `skipped: ${event.name} (${event.reason})`;
    case 'step.completed':
      return `done: ${event.name} in ${event.seconds.toFixed(1)} s: ${event.message}`;
    case 'step.failed':
      return `failed: ${event.name}: ${event.message}`;
    case 'restart.requested':
      return `restarts into the ${event.target === 'boot' ? 'boot environment' : 'deployed system'}`;
    case 'sequence.completed':
      return `task sequence completed in ${event.seconds.toFixed(0)} s`;
    case 'sequence.failed':
      return `task sequence failed at "${event.step}": ${event.message}`;
    default:
      return undefined;
  }
}

/** What is going on inside a step or a check, as a fraction of it. */
export function progressOf(event: ReportedEvent): { fraction: number; text: string } | undefined {
  if (event.type === 'step.progress') return { fraction: event.fraction, text: event.text };
  if (event.type === 'verify.progress')
    return { fraction: event.totalBytes === 0 ? 1 : event.bytes / event.totalBytes, text: event.file };
  return undefined;
}
