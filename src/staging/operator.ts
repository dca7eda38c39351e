import { BootwrightError } from '../model/error.ts';

interface Question {
  readonly bay: string;
  readonly what: 'tag' | 'permission';
  readonly resolve: (answer: string) => void;
  readonly reject: (error: BootwrightError) => void;
}

/**
 * The person at the station, and his scanner, which types lines like a keyboard. A tag goes to the bay that waits longest, or
 * to the one whose name was scanned before. Erasing takes a word no tag is made of: a scan must never be a permission.
 */
export class Operator {
  readonly #questions: Question[] = [];
  readonly #note: (text: string) => void;
  readonly #onCommand: (command: 'skip' | 'again' | 'quit', bay: string) => boolean;
  #chosen: string | undefined;
  #gone = false;

  constructor(
    note: (text: string) => void,
    /** `false`: there is no such bay, or nothing to do. */
    onCommand: (command: 'skip' | 'again' | 'quit', bay: string) => boolean,
  ) {
    this.#note = note;
    this.#onCommand = onCommand;
  }

  /** @throws BW-STAGING-004, BW-STAGING-006 when nobody can answer; whatever `signal` was aborted with */
  async ask(bay: string, what: Question['what'], signal: AbortSignal): Promise<string> {
    if (this.#gone) throw nobodyThere(bay, what);
    const question = Promise.withResolvers<string>();
    const entry: Question = { bay, what, resolve: question.resolve, reject: question.reject };
    this.#questions.push(entry);
    const abort = (): void => question.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      return await question.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#questions.splice(this.#questions.indexOf(entry), 1);
    }
  }

  /** A line that was typed or scanned. */
  line(text: string): void {
    if (text === '') return;
    const [, word = '', bay = ''] = /^(erase|skip|again|quit)(?:\s+(\S+))?$/i.exec(text) ?? [];
    const command = word.toLowerCase();
    if (command === 'erase') {
      this.#allow(bay);
      return;
    }
    if (command === 'skip' || command === 'again' || command === 'quit') {
      if (!this.#onCommand(command, bay)) this.#note(`"${text}": nothing to do in bay ${bay || '(none named)'}`);
      return;
    }
    const waiting = this.#questions.filter(({ what }) => what === 'tag');
    const named = waiting.find((each) => each.bay.toLowerCase() === text.toLowerCase());
    if (named !== undefined) {
      this.#chosen = named.bay;
      this.#note(`the next scan goes to bay ${named.bay}`);
      return;
    }
    const target = waiting.find((each) => each.bay === this.#chosen) ?? waiting[0];
    this.#chosen = undefined;
    if (target === undefined) this.#note(`"${text}" was scanned, and no bay waits for a tag`);
    else target.resolve(text);
  }

  /** No more lines can come. */
  leave(): void {
    this.#gone = true;
    for (const { bay, what, reject } of [...this.#questions]) reject(nobodyThere(bay, what));
  }

  #allow(bay: string): void {
    const asked = this.#questions.find(
      (each) => each.what === 'permission' && each.bay.toLowerCase() === bay.toLowerCase(),
    );
    if (asked === undefined) this.#note(`bay ${bay || '(none named)'} does not ask for permission`);
    else asked.resolve('erase');
  }
}

function nobodyThere(bay: string, what: Question['what']): BootwrightError {
  return what === 'tag'
    ? new BootwrightError(
        'BW-STAGING-006',
        `Nobody is there to scan the tag of the disk in bay ${bay}. Nothing was written.`,
      )
    : new BootwrightError(
        'BW-STAGING-004',
        `The disk in bay ${bay} holds data, and nobody is there to allow erasing it.`,
      );
}
