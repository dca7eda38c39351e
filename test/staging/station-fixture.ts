import { BenchOfDisks } from './bench-of-disks.ts';
import { run } from './run-station.ts';

/** Lays one disk and is killed while it is written: MEDIUM BAYS FOLDER PATH SERIAL. */
const [medium = '', bays = '', folder = '', path = '', serial = ''] = process.argv.slice(2);
const bench = new BenchOfDisks(folder);
bench.disks.push({ path, file: '', serial, present: true, insertions: 0 });
await run(bench, {
  ...{ medium, bays, folder, scan: true },
  type: ({ name, phase }) =>
    phase === 'waits for its tag' ? 'PC-7' : phase === 'waits for permission' ? `erase ${name}` : undefined,
  onShow: ({ phase, done }) => {
    if (phase === 'writing' && done > 0) process.kill(process.pid, 'SIGKILL');
  },
});
