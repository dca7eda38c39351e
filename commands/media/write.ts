import { Args, Flags } from '@oclif/core';
import { nameOf } from '../../src/build/stick/choose.ts';
import { portableDisks, writeOrder } from '../../src/build/stick/order.ts';
import type { StickResult } from '../../src/build/stick/write.ts';
import type { Disk } from '../../src/host/disks.ts';
import { ask, canAsk } from '../../src/host/terminal.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { provenProfiles } from '../../src/prove/proof.ts';
import { BaseCommand } from '../base.ts';

export default class MediaWrite extends BaseCommand {
  static override summary = 'Write a medium to one or several sticks, and read it back from them.';
  static override description =
    'Without --yes-erase it lists the sticks that are plugged in, with the names to use. Everything on a stick is lost. Disks that are mounted, built in, write-protected or too small are refused; a stick that holds less than it says is found before the medium is written.';
  static override examples = [
    '<%= config.bin %> media write lab.img',
    '<%= config.bin %> media write lab.img --yes-erase 4C530001230 --yes-erase 4C530001231',
    '<%= config.bin %> media write lab.iso --yes-erase /dev/sdb=15728640000',
  ];
  static override args = { file: Args.string({ description: 'an ISO or a USB image', required: true }) };
  static override flags = {
    'yes-erase': Flags.string({
      description: 'erase this stick: its serial, or PATH=SIZE where serials are missing or equal; may be repeated',
      helpValue: 'SERIAL',
      multiple: true,
    }),
  };

  override async run(): Promise<{ disks: readonly Disk[]; mediumId?: string; sticks?: readonly StickResult[] }> {
    const { args, flags } = await this.parse(MediaWrite);
    const disks = await portableDisks();
    const names = flags['yes-erase'] ?? (await this.choose(disks));
    if (names.length === 0) return { disks };
    const before = async (medium: string): Promise<void> => {
      if ((await provenProfiles(args.file, medium)).length > 0) return;
      this.progress.note(`${args.file} has no proof that it starts: bootwright media prove ${args.file}`);
    };
    const order = { file: args.file, disks, names, before };
    const { mediumId, sticks } = await writeOrder(order, this.progress, this.signal);
    this.table(
      ['Stick', 'Serial', 'Result'],
      sticks.map(({ path, serial, error }) => [
        path,
        serial,
        error === undefined ? 'written and read back' : error.message,
      ]),
    );
    const failed = sticks.find(({ error }) => error !== undefined)?.error;
    if (failed !== undefined) throw failed;
    this.log(`\nMedium ${mediumId}. The sticks can be unplugged.`);
    return { disks, mediumId, sticks };
  }

  /** Shows what is there; on a terminal one can be chosen by typing its name. */
  private async choose(disks: readonly Disk[]): Promise<string[]> {
    if (disks.length === 0) {
      this.log('No stick, card or USB drive is plugged in.');
      return [];
    }
    this.table(
      ['Name', 'Vendor', 'Model', 'Path', 'Size', 'In use'],
      disks.map((disk) => [
        ...[nameOf(disk, disks), disk.vendor, disk.model, disk.path, formatBytes(disk.size), disk.uses.join(', ')],
      ]),
    );
    if (!canAsk() || this.jsonEnabled()) {
      this.log('\nNext: give --yes-erase with the name of the stick that is to be erased.');
      return [];
    }
    const answer = await ask({ text: 'ERASE which stick? Type its name (Enter: none):', flag: '--yes-erase' });
    return answer.trim() === '' ? [] : [answer.trim()];
  }
}
