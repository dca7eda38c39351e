import type { LogRecord } from '../formats/cmtrace.ts';
import type { BootwrightEvent } from '../model/event.ts';

/** An event in the words of a log; `undefined` for what would only fill it (progress). */
export function logRecord(event: BootwrightEvent): LogRecord | undefined {
  const said = say(event);
  if (said === undefined) return undefined;
  const [severity, component, text] = said;
  return { at: new Date(event.at), severity, component, text };
}

type Said = readonly [severity: 'info' | 'warning' | 'error', component: string, text: string];

function say(event: BootwrightEvent): Said | undefined {
  switch (event.type) {
    case 'agent.started':
      return ['info', 'Agent', `Started in the ${event.environment} environment.`];
    case 'machine.recognised': {
      const { make, model, serialNumber, firmware, secureBoot } = event.facts;
      const machine = `${make} ${model}, serial number ${serialNumber}, ${firmware}${secureBoot ? ' with Secure Boot' : ''}`;
      return ['info', 'Agent', `${event.resumed ? 'Going on' : 'Running'} on ${machine}; medium ${event.mediumId}.`];
    }
    case 'agent.phase':
      return ['info', 'Agent', `${event.name}: ${event.text}`];
    case 'agent.refused':
      return ['error', 'Agent', `${event.code} ${event.message}`];
    case 'prompt.shown':
      return ['info', 'Agent', `Asked (${event.prompt}): ${event.text}`];
    case 'prompt.answered':
      return ['info', 'Agent', `Answered (${event.prompt}): ${event.answer}`];
    case 'verify.completed':
      return ['info', 'Agent', `Checked ${event.files} files with ${event.bytes} bytes: all as signed.`];
    case 'target.chosen':
      return ['info', 'Agent', `Target ${event.disk.path}, ${event.disk.model}, serial number ${event.disk.serial}.`];
    case 'sequence.started':
      return ['info', 'TSManager', `Task sequence "${event.name}" with ${event.total} steps started.`];
    case 'group.started':
      return ['info', 'TSManager', `Group "${event.name}" started.`];
    case 'group.completed':
      return ['info', 'TSManager', `Group "${event.name}" completed.`];
    case 'group.failed':
      return ['error', 'TSManager', `Group "${event.name}" failed.`];
    case 'step.started':
      return ['info', 'TSManager', `Step ${event.index} of ${event.total} "${event.name}" (${event.step}) started.`];
    case 'step.skipped':
      return ['info', 'TSManager', `Step "${event.name}" skipped: ${event.reason}`];
    case 'step.completed':
      return [
        'info',
        'TSManager',
        `Step "${event.name}" ended with ${event.code} in ${event.seconds} s: ${event.message}`,
      ];
    case 'step.failed':
      return [
        event.continued ? 'warning' : 'error',
        'TSManager',
        `Step "${event.name}" failed with ${event.code}${event.continued ? ', going on' : ''}: ${event.message}`,
      ];
    case 'variable.set':
      return ['info', 'TSManager', `${event.name} = ${event.value}`];
    case 'restart.requested':
      return ['info', 'TSManager', `Restart to ${event.target}: ${event.message}`];
    case 'sequence.completed':
      return ['info', 'TSManager', `Task sequence "${event.name}" completed in ${event.seconds} s.`];
    case 'sequence.failed':
      return [
        'error',
        'TSManager',
        `Task sequence "${event.name}" failed at "${event.step}" (${event.code}): ${event.message}`,
      ];
    case 'log':
      return [event.severity, event.component, event.text];
    case 'verify.progress':
    case 'step.progress':
      return undefined;
  }
}
