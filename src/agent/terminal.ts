import { sleep } from '../host/clock.ts';
import { activeConsoles, type ConsoleDevice, openConsole } from '../host/console.ts';
import { type Key, KeyDecoder } from './keys.ts';
import { LinePrinter } from './lines.ts';
import type { Banner, Page } from './page.ts';
import { drawFrame, type Painted, paint } from './screen.ts';

/** A key, and the console it was pressed on. */
export type Press = Key & { readonly console: string };

/** All consoles as one: every page is shown on each, and each may answer. */
export interface Terminal {
  show(page: Page): void;
  /** The next key; `undefined` when the time ran out or the signal came first. */
  press(options?: { readonly milliseconds?: number; readonly signal?: AbortSignal }): Promise<Press | undefined>;
  /** Forgets keys that were pressed before the question appeared. */
  discardKeys(): void;
  setBanner(banner: Banner): void;
  /** Gives one console to a program; the others keep what they show. */
  lend(console: string, program: string, args: readonly string[]): Promise<void>;
  close(): void;
}

/** How long a lone Escape waits for the rest of a sequence: long for a key, short for a person. */
const escapeMilliseconds = 60;

interface Station {
  readonly device: ConsoleDevice;
  readonly decoder: KeyDecoder;
  readonly printer: LinePrinter;
  painted: Painted | undefined;
  lent: boolean;
}

/**
 * Opens every console the kernel names, except the port that carries events. No console at all is no error: the run
 * goes on unseen.
 */
export async function openTerminal(eventPort: string | undefined): Promise<Terminal> {
  const names = (await activeConsoles()).filter((name) => name !== eventPort);
  return joinConsoles(names.map((name) => openConsole(name)).filter((device) => device !== undefined));
}

/** Joins devices into one terminal. */
export function joinConsoles(devices: readonly ConsoleDevice[]): Terminal {
  const keys: Press[] = [];
  let wake: (() => void) | undefined;
  let page: Page | undefined;
  let banner: Banner = { organisation: 'Bootwright', label: '' };
  const stations = devices.map<Station>((device) => ({
    device,
    decoder: new KeyDecoder(),
    printer: new LinePrinter(),
    painted: undefined,
    lent: false,
  }));

  const take = (station: Station, found: readonly Key[]): void => {
    keys.push(...found.map((key) => ({ ...key, console: station.device.name })));
    if (keys.length > 0) wake?.();
  };
  const stops = stations.map((station) =>
    station.device.listen((bytes) => {
      if (station.lent) return;
      take(station, station.decoder.feed(bytes));
      if (station.decoder.undecided)
        void sleep(escapeMilliseconds).then(() => {
          if (station.decoder.undecided) take(station, station.decoder.flush());
        });
    }),
  );

  const render = (station: Station): void => {
    if (page === undefined || station.lent) return;
    if (station.device.kind === 'serial') {
      const lines = station.printer.print(page);
      if (lines !== '') station.device.write(lines);
      return;
    }
    const { columns, rows } = station.device;
    const next: Painted = { lines: drawFrame(page, banner), tone: page.tone, columns, rows };
    const changes = paint(next, station.painted);
    if (changes !== '') station.device.write(changes);
    station.painted = next;
  };

  return {
    show(next) {
      page = next;
      stations.forEach(render);
    },
    async press({ milliseconds, signal } = {}) {
      const timer = new AbortController();
      const stop = signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]);
      const pressed = new Promise<void>((resolve) => {
        if (keys.length > 0 || signal?.aborted === true) resolve();
        wake = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true, signal: timer.signal });
      });
      const waits =
        milliseconds === undefined ? [pressed] : [pressed, sleep(milliseconds, stop).catch(() => undefined)];
      await Promise.race(waits);
      timer.abort();
      wake = undefined;
      return signal?.aborted === true ? undefined : keys.shift();
    },
    discardKeys() {
      keys.length = 0;
    },
    setBanner(next) {
      banner = next;
      if (page !== undefined) this.show(page);
    },
    async lend(name, program, args) {
      const station = stations.find(({ device }) => device.name === name) ?? stations[0];
      if (station === undefined) return;
      station.lent = true;
      station.device.write(
        station.device.kind === 'screen' ? '\x1b[0m\x1b[?7h\x1b[?25h\x1b[2J\x1b[H' : station.printer.reset(),
      );
      const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/root' } = process.env;
      await station.device.lend(program, args, {
        PATH,
        HOME,
        TERM: station.device.kind === 'screen' ? 'linux' : 'vt102',
      });
      station.lent = false;
      station.painted = undefined;
      station.printer.reset();
      render(station);
    },
    close() {
      for (const stop of stops) stop();
      for (const { device } of stations) {
        device.write(device.kind === 'screen' ? '\x1b[0m\x1b[?7h\x1b[?25h' : '');
        device.close();
      }
    },
  };
}
