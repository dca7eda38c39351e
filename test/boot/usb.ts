import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openStickImage } from '../../src/build/stick/image.ts';
import { updateOrder } from '../../src/build/stick/order.ts';
import { writeSticks } from '../../src/build/stick/write.ts';
import { carryOutUpdate } from '../../src/build/usb/update.ts';
import { prepareUpdate } from '../../src/build/usb/update-plan.ts';
import type { Disk } from '../../src/host/disks.ts';
import { openStorage } from '../../src/host/storage.ts';
import { type SectorWrite, WriteRecorder } from '../../src/host/write-recorder.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { readMediumFacts } from '../../src/prove/medium-files.ts';
import { usualScript } from '../../src/prove/script.ts';
import { seeded } from '../seeded.ts';
import type { Lab, Medium } from './lab.ts';
import { tell } from './machines.ts';
import type { Start } from './scenarios.ts';
import { onMachine } from './scenarios.ts';

const stickPath = (lab: Lab, id: string): string => join(lab.folder, `${id}.stick.img`);

/** A larger stick that an older image was written to. */
async function olderStick(lab: Lab, id: string): Promise<string> {
  const older = await lab.medium('olderImage');
  const path = stickPath(lab, id);
  const size = 2 * 2 ** 30;
  writeFileSync(path, '');
  truncateSync(path, size);
  const source = await openStickImage(older.iso);
  const storage = await openStorage(path, { mode: 'change' });
  const written = await writeSticks(source, [{ disk: { path, serial: '', size }, storage }], silentProgress);
  await storage.close();
  await source.storage.close();
  expect(written[0]?.error).toBeUndefined();
  return path;
}

/** That stick, updated: its second system is the active one. */
export async function updatedStick(lab: Lab, id: string, _: Start, image: string): Promise<string> {
  const path = await olderStick(lab, id);
  const order = { file: image, device: path, disks: [], confirm: async () => true };
  expect(await updateOrder(order, silentProgress)).toMatchObject({ done: true, plan: { to: { system: 'b' } } });
  return path;
}

/**
 * Power is lost five times while that stick is brought back to its older medium, each time a little later: what was
 * written by then stays, and the machine is started from it. Sectors of the flush that was under way are there or not.
 */
export function survivesCuts(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const [older, newer] = [await lab.medium('olderImage'), await lab.medium(start.medium)];
    await onMachine(lab, id, start, async (machine) => {
      const path = stickPath(lab, id);
      const spans = await spansOf(older.iso, path);
      // New parts, content switch, system switch, space given back.
      expect(spans.map(({ length }) => length === 1)).toEqual([false, true, true, false]);
      const random = seeded(4);
      const some = (span: readonly SectorWrite[] = []) => span.filter(() => random() < 0.5);
      const cuts: readonly (readonly [sectors: readonly SectorWrite[], medium: Medium])[] = [
        [some(spans[0]), newer],
        [spans[0] ?? [], newer],
        [spans[1] ?? [], newer],
        [spans[2] ?? [], older],
        [some(spans[3]), older],
      ];
      for (const [sectors, { iso }] of cuts) {
        const stick = await openStorage(path, { mode: 'change' });
        for (const { number, bytes } of sectors) await stick.write(number * 512, bytes);
        await stick.close();
        const bench = await machine.start();
        const { password, keyboard } = machine.medium;
        await bench.follow(usualScript({ expect: 'agent', password, layout: keyboard, console: 'screen' }), tell(id));
        const found = bench.heard.all.flatMap(({ event }) =>
          event.type === 'machine.recognised' ? [event.mediumId] : [],
        );
        expect(found).toEqual([(await readMediumFacts(iso)).id]);
        await machine.stop();
      }
    });
  };
}

/** What an update to that image writes on a stick, between flushes; the stick stays as it is. */
async function spansOf(image: string, stick: string): Promise<SectorWrite[][]> {
  const [from, to] = [await openStorage(image, { mode: 'read' }), await openStorage(stick, { mode: 'read' })];
  const recorder = new WriteRecorder(to);
  const job = await prepareUpdate(from, recorder);
  if (job === undefined) throw new Error('there is nothing to update');
  await carryOutUpdate(job, silentProgress);
  for (const storage of [from, to]) await storage.close();
  return recorder.spans.filter(({ length }) => length > 0);
}

/** The machine lists its sticks with our code, without udev: two have the same serial, two have none. */
export function listsSticks(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    await onMachine(lab, id, { ...start, sticks: ['SAME', 'SAME', '', ''] }, async (machine) => {
      const bench = await machine.start();
      const { password, keyboard } = machine.medium;
      const usual = usualScript({ expect: 'deployed', password, layout: keyboard, console: 'screen' });
      const listed = (event: { type: string; text?: string }): boolean =>
        event.type === 'log' && event.text?.startsWith('DISKS ') === true;
      await bench.follow(
        { judge: (event) => (listed(event) ? 'reached' : usual.judge(event)), answer: usual.answer },
        tell(id),
      );
      const line = bench.heard.all.flatMap(({ event }) =>
        event.type === 'log' && listed(event) ? [event.text] : [],
      )[0];
      const disks = JSON.parse((line ?? '').slice('DISKS '.length)) as Disk[];
      const facts = disks.map(({ kind, serial, size, uses }) => [kind, serial, size / 2 ** 30, uses.length > 0]);
      expect(facts).toContainEqual(['fixed', 'TARGET01', 6, false]);
      const sticks = disks.filter(({ kind, uses }) => kind === 'portable' && uses.length === 0);
      expect(sticks.map(({ serial, size }) => [serial, size / 2 ** 30]).sort()).toEqual([
        ['', 3],
        ['', 4],
        ['SAME', 1],
        ['SAME', 2],
      ]);
      // The stick the machine was started from is one too, and in use.
      expect(disks.filter(({ kind, uses }) => kind === 'portable' && uses.length > 0)).toHaveLength(1);
    });
  };
}
