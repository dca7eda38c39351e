import { Flags } from '@oclif/core';
import { BootwrightError } from '../../src/model/error.ts';
import { findSite } from '../../src/site/load.ts';
import { type CustodyRecord, readRecords, signatureState } from '../../src/staging/custody.ts';
import { readPublicKeys } from '../../src/trust/keys.ts';
import { BaseCommand } from '../base.ts';

export default class StagingList extends BaseCommand {
  static override summary = 'Show which disks a staging station laid, and check the signatures of their records.';
  static override examples = [
    '<%= config.bin %> staging list',
    '<%= config.bin %> staging list --serial S4EVNX0M123456 --json',
    '<%= config.bin %> staging list --asset PC-04711',
  ];
  static override flags = {
    folder: Flags.string({ description: "the station's folder", default: 'staging', helpValue: 'DIR' }),
    serial: Flags.string({ description: 'only this disk' }),
    asset: Flags.string({ description: 'only the disk with this asset tag' }),
    site: Flags.string({ description: 'the site whose keys the records are compared with', helpValue: 'DIR' }),
  };

  override async run(): Promise<{ records: readonly (CustodyRecord & { readonly signature: string })[] }> {
    const { flags } = await this.parse(StagingList);
    const site = await findSite(flags.site ?? '.').catch((error: unknown) => {
      if (flags.site === undefined) return undefined;
      throw error;
    });
    const keys = site === undefined ? undefined : await readPublicKeys(site);
    const records = (await readRecords(flags.folder))
      .filter(({ record }) => flags.serial === undefined || record.disk.serial === flags.serial)
      .filter(({ record }) => flags.asset === undefined || record.asset === flags.asset)
      .map((signed) => {
        const signature = keys === undefined ? 'not checked: no site' : signatureState(signed, keys);
        return { ...signed.record, signature };
      });
    this.table(
      ['Ended', 'Tag', 'Serial', 'Bay', 'Medium', 'Wiped', 'Result', 'Signature'],
      records.map(({ endedAt, asset, disk, medium, wipe, result, failure, signature }) => [
        ...[endedAt.slice(0, 16).replace('T', ' '), asset, disk.serial, disk.bay, medium.name, wipe?.method ?? ''],
        ...[failure === undefined ? result : `${result}: ${failure.code}`, signature],
      ]),
    );
    const wrong = records.filter(({ signature }) => signature === 'wrong').map(({ id }) => id);
    if (wrong.length > 0)
      throw new BootwrightError(
        'BW-STAGING-013',
        `${wrong.length} records were changed, or signed with a key this site does not know: ${wrong.join(', ')}.`,
      );
    return { records };
  }
}
