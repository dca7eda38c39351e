import { readlinkSync } from 'node:fs';
import { openConsole } from '../../src/host/console.ts';

/** Echoes what is typed in brackets; `!` lends the terminal to a shell that reads one line. Ends at `q`. */
const path = readlinkSync('/proc/self/fd/0');
const device = openConsole(path.split('/').at(-1) ?? '', path.split('/').slice(0, -1).join('/'));
if (device === undefined) throw new Error(`${path} is no terminal`);
device.write('ready\n');
device.listen((bytes) => {
  for (const key of Buffer.from(bytes).toString()) {
    if (key === 'q') process.exit(0);
    if (key === '!')
      void device
        .lend('sh', ['-c', 'printf "shell\\n"; read -r line; printf "the shell got <%s>\\n" "$line"'], {
          PATH: '/usr/bin:/bin',
        })
        .then(() => device.write('back\n'));
    else device.write(`[${key}]`);
  }
});
