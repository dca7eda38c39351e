import { closeSync, copyFileSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type IsoReader, withIso } from '../../src/build/iso/reader.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { usualScript } from '../../src/prove/script.ts';
import { seeded } from '../seeded.ts';
import type { Lab } from './lab.ts';
import { expectUntouched, tell } from './machines.ts';
import { onMachine, refusalOf, type Start } from './scenarios.ts';

/** One bit of a medium. */
export interface Flip {
  /** Of the byte, from the start of the image. */
  readonly offset: number;
  /** 0 to 7. */
  readonly bit: number;
  /** The file it belongs to and its place there; absent between files. */
  readonly file?: { readonly path: string; readonly at: number };
}

/** The same hundred places of an image in every run. */
export async function hundredFlips(iso: string): Promise<Flip[]> {
  return withIso(iso, async (image) => {
    const random = seeded(100);
    return Array.from({ length: 100 }, () => {
      const offset = Math.floor(random() * image.length);
      const file = fileAt(image, offset);
      return { offset, bit: Math.floor(random() * 8), ...(file === undefined ? {} : { file }) };
    });
  });
}

function fileAt({ files }: IsoReader, offset: number): Flip['file'] {
  for (const { path, extents } of files) {
    let before = 0;
    for (const extent of extents) {
      if (offset >= extent.offset && offset < extent.offset + extent.size)
        return { path, at: before + offset - extent.offset };
      before += extent.size;
    }
  }
  return undefined;
}

/** Changes one bit of a file. */
export function flipBit(path: string, offset: number, bit: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  byte.writeUInt8(byte.readUInt8(0) ^ (1 << bit));
  writeSync(file, byte, 0, 1, offset);
  closeSync(file);
}

/** The first of the hundred in each of four files: the machine refuses, or does not get that far. */
export function refusesFlips(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const { iso } = await lab.medium(start.medium);
    const inFiles = Map.groupBy(await hundredFlips(iso), ({ file }) => file?.path);
    inFiles.delete(undefined);
    const chosen = [...inFiles.values()].slice(0, 4).flatMap(([first]) => first ?? []);
    expect(chosen).toHaveLength(4);
    const changed = join(lab.folder, `${id}.iso`);
    await onMachine(lab, id, start, async (machine) => {
      for (const { offset, bit } of chosen) {
        copyFileSync(iso, changed);
        flipBit(changed, offset, bit);
        const bench = await machine.start(changed);
        const { password, keyboard } = machine.medium;
        const usual = usualScript({ expect: 'agent', password, layout: keyboard, console: 'screen' });
        const judge = (event: Parameters<typeof usual.judge>[0]) =>
          event.type === 'agent.refused' ? 'reached' : usual.judge(event);
        const ended = await bench
          .follow({ judge, answer: usual.answer }, { ...tell(id), limits: patience })
          .catch((error: unknown) => error);
        if (ended instanceof BootwrightError) expect(['BW-PROVE-001', 'BW-PROVE-012']).toContain(ended.code);
        else expect(refusalOf(bench)?.code).toMatch(/^BW-(TRUST|AGENT)-/);
        await expectUntouched(bench);
      }
    });
    rmSync(changed);
  };
}

/** Seconds: an unchanged medium is three times as fast under emulation. */
const patience = { firmware: 90, 'boot environment': 120, agent: 300, restart: 90 };
