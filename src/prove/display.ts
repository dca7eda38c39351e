import { callerEnvironment } from '../host/environment.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';

const displayVariables = ['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'XDG_RUNTIME_DIR'];

/** What a program needs to find the person's screen; nothing else of the caller's environment. */
export function displayEnvironment(): Record<string, string> {
  return callerEnvironment(displayVariables);
}

/** @throws BW-PROVE-004 when no window can be opened */
export async function requireDisplay(): Promise<void> {
  const { DISPLAY, WAYLAND_DISPLAY } = displayEnvironment();
  if (DISPLAY === undefined && WAYLAND_DISPLAY === undefined) {
    throw new BootwrightError(
      'BW-PROVE-004',
      'There is no graphical session here, so --show has no screen to open a window on.',
    );
  }
  const { stdout } = await run('qemu-system-x86_64', ['-display', 'help']);
  if (!/^gtk$/m.test(stdout)) {
    throw new BootwrightError('BW-PROVE-004', 'This QEMU was installed without its window (GTK).');
  }
}
