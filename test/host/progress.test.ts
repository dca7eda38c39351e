import { describe, expect, it } from 'vitest';
import { displayProgress, type ProgressStyle } from '../../src/host/progress.ts';

/** A display whose clock the test turns and whose screen it reads. */
function display(style: ProgressStyle, columns = 140) {
  let time = 0;
  const written: string[] = [];
  const progress = displayProgress({
    style,
    write: (text) => written.push(text),
    columns: () => columns,
    clock: () => time,
  });
  return { progress, written, pass: (milliseconds: number) => (time += milliseconds) };
}

const mebibyte = 1024 ** 2;

describe('on a terminal', () => {
  it('draws one line with bytes, rate and time left, and replaces it by a fact', () => {
    const { progress, written, pass } = display('bar');
    progress.phase('writing x.iso', { bytes: 100 * mebibyte });
    pass(1000);
    progress.advance(25 * mebibyte, 'content/a.wim');
    const line = written.at(-1)!.replace('\r\u001b[2K', '');
    expect(line).toBe(
      'writing x.iso [======                  ] 25 %, 25.0 MiB of 100 MiB, 25.0 MiB/s, 3.0 s left, content/a.wim',
    );
    pass(3000);
    progress.advance(100 * mebibyte);
    progress.end(true);
    expect(written.at(-1)).toBe('writing x.iso: 100 MiB in 4.0 s, 25.0 MiB/s\n');
  });

  it('never draws over the end of the line, nor more than ten times a second', () => {
    const { progress, written, pass } = display('bar', 40);
    progress.phase('a long name of a phase', { bytes: mebibyte });
    for (let step = 0; step < 1000; step += 1) {
      pass(1);
      progress.advance(step);
    }
    expect(written.length).toBeLessThanOrEqual(11);
    for (const piece of written) expect(piece.replace('\r\u001b[2K', '').length).toBeLessThan(40);
  });

  it('shows the rate of the last seconds, not of the whole phase', () => {
    const { progress, written, pass } = display('bar');
    progress.phase('writing', { bytes: 2000 * mebibyte });
    let done = 0;
    const write = (rate: number, seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        pass(1000);
        done += rate * mebibyte;
        progress.advance(done);
      }
    };
    write(50, 10);
    write(5, 15);
    expect(written.at(-1)).toContain('5.0 MiB/s');
  });

  it('takes the bar away for notes and for other output, and says nothing of a phase that failed', () => {
    const { progress, written } = display('bar');
    progress.phase('hashing', { items: 3 });
    progress.note('boot image reused');
    expect(written.slice(-2)).toEqual(['\r\u001b[2K', 'boot image reused\n']);
    progress.end(false);
    expect(written.join('')).not.toContain('hashing: ');
  });
});

it('writes plain lines to a file: beginning, every ten seconds, end', () => {
  const { progress, written, pass } = display('lines');
  progress.phase('verifying', { items: 40 });
  for (let second = 1; second <= 24; second += 1) {
    pass(1000);
    progress.advance(second);
  }
  progress.phase('next');
  progress.end(true);
  expect(written).toEqual([
    'verifying (40) …\n',
    'verifying: 25 %, 10 of 40, 30 s left\n',
    'verifying: 50 %, 20 of 40, 20 s left\n',
    'verifying: 40 in 24 s\n',
    'next …\n',
    'next: 0.0 s\n',
  ]);
});

it('gives programs one JSON object per line', () => {
  const { progress, written, pass } = display('json');
  progress.phase('writing', { bytes: 100 });
  pass(2000);
  progress.advance(50, 'x');
  progress.note('done');
  progress.end(true);
  expect(written.map((line) => JSON.parse(line))).toEqual([
    { type: 'progress', name: 'writing', done: 0, total: 100, unit: 'bytes', text: '' },
    { type: 'progress', name: 'writing', done: 50, total: 100, unit: 'bytes', text: 'x', rate: 25, secondsLeft: 2 },
    { type: 'progress.note', text: 'done' },
    { type: 'progress.completed', name: 'writing', done: 100, unit: 'bytes', seconds: 2 },
  ]);
});
