import { Args, Flags } from '@oclif/core';
import { BootwrightError } from '../../src/model/error.ts';
import { findSite } from '../../src/site/load.ts';
import { stationDisplay } from '../../src/staging/display.ts';
import { runStation } from '../../src/staging/run.ts';
import type { BayResult } from '../../src/staging/station.ts';
import { wipeMethods } from '../../src/staging/wipe.ts';
import { loadSigningKey } from '../../src/trust/keys.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag } from '../key/flags.ts';

export default class StagingRun extends BaseCommand {
  static override summary = 'Lay a medium on disk after disk, many at once, with a record and a label for each.';
  static override description =
    'A disk that is inserted is looked at, wiped, written, read back and compared; its record is signed with the site\'s key. A disk that holds data is only erased when somebody types "erase BAY"; other lines are asset tags, as scanners type them. "skip BAY", "again BAY" and "quit" are understood too. Disks of the system, the site, the medium and the records, and mounted ones, are never written. After a power cut run the same command again: disks that were not done start anew, disks that were done are left alone.';
  static override examples = [
    '<%= config.bin %> staging run factory.wim --bays bays.yaml --scan',
    '<%= config.bin %> staging run factory.wim --bays auto --assets assets.csv --wipe discard',
    '<%= config.bin %> staging run lab.img --bays bays.yaml --once --yes-erase S4EVNX0M123456',
  ];
  static override args = {
    medium: Args.string({
      description: 'a prestaged WIM, a USB image, an ISO, or the image of a disk',
      required: true,
    }),
  };
  static override flags = {
    bays: Flags.string({
      description: 'YAML file that names the bays, or auto: disks that are inserted from now on',
      helpValue: 'FILE|auto',
      required: true,
    }),
    folder: Flags.string({
      description: 'where custody.csv, records, labels and the prepared image are kept',
      default: 'staging',
      helpValue: 'DIR',
    }),
    wipe: Flags.option({
      description: 'quick: tables and signatures; discard: the disk forgets all (SSD); zero: every byte is overwritten',
      options: wipeMethods,
      default: 'quick' as const,
    })(),
    assets: Flags.string({ description: 'CSV file with columns serial and asset', helpValue: 'FILE' }),
    scan: Flags.boolean({ description: 'wait for an asset tag from the scanner, for disks the file does not name' }),
    'yes-erase': Flags.string({
      description: 'erase this disk without asking: its serial, or PATH=SIZE where serials are missing or equal',
      helpValue: 'SERIAL',
      multiple: true,
    }),
    'ignore-smart': Flags.boolean({ description: 'lay disks that say they are failing' }),
    once: Flags.boolean({ description: 'end when the disks that are in the bays now are done' }),
    site: Flags.string({ description: 'the site whose key signs the records', helpValue: 'DIR' }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<{ bays: readonly BayResult[] }> {
    const { args, flags } = await this.parse(StagingRun);
    const site = await findSite(flags.site ?? '.').catch((error: unknown) => {
      if (flags.site === undefined) return undefined;
      throw error;
    });
    const passphrase = await existingPassphrase(flags['passphrase-file']);
    const signer = site === undefined ? undefined : await loadSigningKey(site, passphrase);
    if (signer === undefined) this.progress.note('There is no site here: records will not be signed.');
    const bays = await runStation(
      {
        ...{ medium: args.medium, bays: flags.bays, folder: flags.folder, site, signer, wipe: flags.wipe },
        ...{ ignoreSmart: flags['ignore-smart'], assets: flags.assets, scan: flags.scan, once: flags.once },
        yesErase: flags['yes-erase'] ?? [],
      },
      stationDisplay(this.jsonEnabled()),
      this.progress,
      this.signal,
    );
    const count = (phase: BayResult['phase']): number => bays.filter((bay) => bay.phase === phase).length;
    this.log(`${count('laid')} laid, ${count('skipped')} skipped, ${count('failed')} failed.`);
    this.log(`Records and labels: ${flags.folder}. Next: bootwright staging list --folder ${flags.folder}`);
    const failed = bays.filter(({ phase }) => phase === 'failed');
    const names = failed.map(({ name, error }) => `${name} (${error?.code})`).join(', ');
    if (failed.length > 0)
      throw new BootwrightError('BW-STAGING-012', `${failed.length} of ${bays.length} disks were not laid: ${names}.`);
    return { bays };
  }
}
