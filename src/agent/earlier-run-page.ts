import type { AgentContext } from './context.ts';
import type { FoundRun } from './find-runs.ts';
import { gap, type Page, text } from './page.ts';
import { type Decision, diskAttempts, type Proposal } from './proposal.ts';
import { ask } from './question.ts';
import type { SavedRun } from './saved-run.ts';

/** Says what was found and asks; the countdown answers with the proposal. */
export async function askAboutEarlierRun(
  context: AgentContext,
  run: FoundRun & { readonly saved?: SavedRun },
  proposal: Proposal,
  signal: AbortSignal,
): Promise<'go on' | 'new' | undefined> {
  const answered = await ask(context, {
    prompt: 'resume',
    page: (left) => earlierRunPage(run, proposal.decision, left),
    answers: run.kind === 'finished' ? { enter: 'go on', r: 'new' } : { enter: 'go on', n: 'new' },
    ...(proposal.seconds === undefined ? {} : { countdown: { seconds: proposal.seconds, answer: 'go on' as const } }),
    signal,
  });
  return answered?.answer;
}

export function earlierRunPage(
  run: FoundRun & { readonly saved?: SavedRun },
  decision: Decision,
  left: number | undefined,
): Page {
  const { title, sentence, goesOn } = wording(run, decision);
  return {
    id: `earlier-run${left === undefined ? '-stopped' : ''}`,
    title,
    tone: 'warning',
    blocks: [
      text(sentence),
      gap,
      {
        kind: 'facts',
        facts: [
          ['Disk', run.disk],
          ...(run.saved === undefined ? [] : [['Task sequence', run.saved.policy.sequence.name] as const]),
          ...(run.finishedAt === '' ? [] : [['Finished', run.finishedAt] as const]),
        ],
      },
      gap,
      left === undefined ? text('Waits for a key.') : { kind: 'live', text: `${goesOn} in ${left} s.` },
    ],
    keys: [
      { key: 'Enter', text: `${goesOn.toLowerCase()} now` },
      ...(left === undefined ? [] : [{ key: 'Esc', text: 'waits' }]),
      { key: run.kind === 'finished' ? 'R' : 'N', text: 'starts anew, asks before erasing' },
    ],
  };
}

function wording(
  run: FoundRun & { readonly saved?: SavedRun },
  decision: Decision,
): { readonly title: string; readonly sentence: string; readonly goesOn: string } {
  if (run.kind === 'finished')
    return {
      title: 'This machine was deployed from this medium already',
      sentence: 'The operating system on the disk can be started, or everything can be done again.',
      goesOn: 'Starts the disk',
    };
  if (decision === 'disk')
    return {
      title: 'The run goes on in the system on the disk',
      sentence:
        (run.saved?.diskStarts ?? 0) < diskAttempts
          ? 'The medium was started, although the disk should have been.'
          : 'BW-AGENT-009: the disk was started several times and the machine came back here each time. Choose the disk in the boot menu of the firmware, or take the medium out.',
      goesOn: 'Starts the disk',
    };
  const failed = run.saved?.state.phase === 'failed';
  return {
    title: failed ? 'A run that failed was found' : 'An interrupted run was found',
    sentence: failed
      ? 'It can be tried again from the step that failed, or everything can be done again.'
      : 'It goes on where it was interrupted, or everything can be done again.',
    goesOn: failed ? 'Tries again' : 'Goes on',
  };
}
