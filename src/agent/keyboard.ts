import { readdir } from '../host/files.ts';
import { run } from '../host/process.ts';

/** The keyboard of the screen. What is typed on a serial line comes from the other machine's layout. */
export interface Keyboard {
  /** Name of the layout in use: `de`. */
  readonly current: string;
  /** Changes to the next layout, round and round. */
  next(): Promise<void>;
}

/** The medium's layout first, then all others of the boot environment. Failing to change one is not an error. */
export async function openKeyboard(folder: string, wanted: string): Promise<Keyboard> {
  const files = await readdir(folder).catch(() => []);
  const layouts = layoutOrder(wanted, files);
  let position = 0;
  const load = async (): Promise<void> => {
    // A running system has a layout already, chosen by whoever sits there.
    if (files.length === 0) return;
    // A program of the boot environment: it knows the screen's terminal and loads the keymap into the kernel.
    await run('keyboard', [layouts[position] ?? wanted]).catch(() => undefined);
  };
  await load();
  return {
    get current() {
      return layouts[position] ?? wanted;
    },
    async next() {
      position = (position + 1) % layouts.length;
      await load();
    },
  };
}

/** Names of keymap files to layouts, the wanted one and then `us` in front. */
export function layoutOrder(wanted: string, files: readonly string[]): string[] {
  const names = files.filter((name) => name.endsWith('.kmap')).map((name) => name.slice(0, -'.kmap'.length));
  const first = [wanted, 'us'].filter((name) => names.includes(name));
  return names.length === 0 ? [wanted] : [...new Set([...first, ...names.sort()])];
}
