import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import { keyboards } from './contents.ts';
import type { DebianTools } from './debian-tools.ts';

/** Names of the keyboard layouts every boot image has. */
export function keyboardNames(): string[] {
  return Object.keys(keyboards);
}

/** @throws BW-BOOT-008 */
export function requireKeyboard(name: string): string {
  if (name in keyboards) return name;
  throw new BootwrightError('BW-BOOT-008', `There is no keyboard layout ${name}.`, {
    fix: `The layouts are: ${keyboardNames().join(', ')}.`,
  });
}

/**
 * Keymaps for the Linux console, computed from X's layouts as Debian's own console-setup does it: the layouts people
 * know from their desktops, which the older console maps are not always.
 */
export async function compileKeymaps(tools: DebianTools): Promise<Map<string, string>> {
  const compiled = new Map<string, string>();
  for (const [name, [layout, variant]] of Object.entries(keyboards)) {
    const result = await run(`${tools.tree}/usr/lib64/ld-linux-x86-64.so.2`, [
      ...['--library-path', tools.libraries, `${tools.tree}/usr/bin/perl`],
      ...['-I', `${tools.libraries}/perl-base`, `${tools.tree}/usr/bin/ckbcomp`],
      ...[`-I${tools.tree}/usr/share/X11/xkb`, '-layout', layout],
      ...(variant === undefined ? [] : ['-variant', variant]),
    ]);
    compiled.set(name, result.stdout);
  }
  return compiled;
}
