import { type ConsoleDevice, openConsole } from '../host/console.ts';
import { joinConsoles, type Terminal } from './terminal.ts';

/** The terminal the command was typed on, line by line; none when it was not typed. */
export function ownTerminal(): Terminal {
  const device = openConsole('tty');
  if (device === undefined) return joinConsoles([]);
  const own: ConsoleDevice = {
    ...device,
    columns: device.columns,
    rows: device.rows,
    // A terminal that gives us every key does not end us at Ctrl-C.
    listen: (onBytes) => device.listen((bytes) => (bytes.includes(3) ? giveUp(device) : onBytes(bytes))),
  };
  return joinConsoles([own]);
}

function giveUp(device: ConsoleDevice): void {
  device.close();
  process.stdout.write('\n', () => process.exit(130));
}
