import type { AgentContext } from './context.ts';
import { gap, type Page, type Tone, text } from './page.ts';

/** Shows a sentence for some seconds; Enter ends it. */
export async function notice(
  { terminal }: AgentContext,
  tone: Tone,
  title: string,
  sentence: string,
  seconds: number,
): Promise<void> {
  terminal.discardKeys();
  for (let left = seconds; left > 0; left -= 1) {
    terminal.show(noticePage(tone, title, sentence, left));
    const press = await terminal.press({ milliseconds: 1000 });
    if (press?.kind === 'enter') return;
  }
}

function noticePage(tone: Tone, title: string, sentence: string, left: number): Page {
  return {
    id: 'notice',
    title,
    tone,
    blocks: [text(sentence), gap, { kind: 'live', text: `In ${left} s.` }],
    keys: [{ key: 'Enter', text: 'now' }],
  };
}
