import type { CommandRequest, Machine } from '../../model/machine.ts';
import type { StepContext } from '../../model/step.ts';
import { systemVolume } from '../volumes.ts';

/** Content as the engine hands it to a step. */
export type Content = Awaited<ReturnType<StepContext['content']>>;

export interface CommandPlace {
  readonly request: Pick<CommandRequest, 'root' | 'directory'>;
  /** Tidies up behind the command. */
  leave(): Promise<void>;
}

/** The applied system, mounted, where a step of the boot environment means it; `undefined`: the machine's own. */
export async function rootFor(inside: boolean, machine: Machine, context: StepContext): Promise<string | undefined> {
  return inside && machine.environment === 'boot' ? machine.mount(await systemVolume(machine, context)) : undefined;
}

/** Where a command runs that brings content along: in its folder, which is copied into an applied system first. */
export async function placeFor(
  machine: Machine,
  root: string | undefined,
  content: Content | undefined,
  workingDirectory?: string,
): Promise<CommandPlace> {
  let directory = workingDirectory;
  let copy: string | undefined;
  if (content !== undefined) {
    // A script is one file: it runs in the folder it lies in.
    const [, parent = '', name = ''] = content.kind === 'script' ? (/^(.*)\/([^/]+)$/.exec(content.path) ?? []) : [];
    let base = parent === '' ? content.path : parent;
    if (root !== undefined) {
      base = `/_SMSTaskSequence/Packages/${content.id}`;
      copy = `${root}${base}`;
      await machine.copyIn(content.path, name === '' ? copy : `${copy}/${name}`);
    }
    directory = directory === undefined ? base : directory.startsWith('/') ? directory : `${base}/${directory}`;
  }
  return {
    request: { ...(root === undefined ? {} : { root }), ...(directory === undefined ? {} : { directory }) },
    async leave() {
      if (copy !== undefined) await machine.remove(copy);
    },
  };
}

/** Output comes in pieces of any size; logs want whole lines. */
export function lineSplitter(onLine: (line: string) => void): { add(piece: string): void; end(): void } {
  let rest = '';
  return {
    add(piece) {
      const lines = (rest + piece).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') onLine(line);
    },
    end() {
      if (rest.trim() !== '') onLine(rest);
    },
  };
}
