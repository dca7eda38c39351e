/** Progress of long work on the engineer's own machine. Renderers decide between a bar, plain lines and JSON. */
export interface Progress {
  /** A new phase begins: `hashing content`, `writing x.iso`. */
  phase(name: string, total?: { readonly bytes?: number; readonly items?: number }): void;
  /** Absolute position within the phase. */
  advance(done: number, text?: string): void;
  /** One finished fact worth a line: `boot image reused (unchanged)`. */
  note(text: string): void;
}

export const silentProgress: Progress = { phase() {}, advance() {}, note() {} };
