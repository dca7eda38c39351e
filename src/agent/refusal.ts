import { BootwrightError } from '../model/error.ts';
import type { AgentContext } from './context.ts';
import { saveRecordAndTell } from './machine-record-file.ts';
import { gap, type Page, text } from './page.ts';
import { ask } from './question.ts';
import { saveLogsAndTell } from './save-logs.ts';

/** Any error as one with a code and an advice; faults of ours carry their first place, for the report. */
export function asBootwrightError(error: unknown): BootwrightError {
  if (error instanceof BootwrightError) return error;
  const place = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new BootwrightError('BW-AGENT-008', place.split('\n').slice(0, 4).join(' '), { cause: error });
}

/** The medium, the machine or the moment is not right: says so and restarts when told to. */
export async function refuse(context: AgentContext, problem: unknown): Promise<never> {
  const error = asBootwrightError(problem);
  context.emit({ type: 'agent.refused', code: error.code, message: error.message });
  await context.record.flush();
  for (let note = ''; ; ) {
    const answered = await ask(context, {
      prompt: 'failure',
      page: () => refusalPage(error, note),
      answers: { l: 'logs', m: 'record', enter: 'restart' },
    });
    if (answered?.answer === 'logs') note = await saveLogsAndTell(context);
    else if (answered?.answer === 'record') note = await saveRecordAndTell(context);
    else return context.restart();
  }
}

function refusalPage(error: BootwrightError, note: string): Page {
  const isOfServer = /^BW-AGENT-0[34]\d$/.test(error.code);
  return {
    id: 'refusal',
    title: isOfServer
      ? 'The server deploys nothing to this machine now'
      : 'This medium is not used on this machine now',
    tone: 'error',
    blocks: [text(`${error.code}  ${error.message}`), gap, text(error.fix), ...(note === '' ? [] : [gap, text(note)])],
    keys: [
      { key: 'Enter', text: 'restarts the machine' },
      { key: 'L', text: 'saves the logs to a stick' },
      { key: 'M', text: 'saves its record' },
    ],
  };
}
