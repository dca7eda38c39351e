import { resolve } from 'node:path';
import { now } from '../../src/host/clock.ts';
import type { RegisteredMedium } from '../../src/site/media-register.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

interface ListedMedium extends RegisteredMedium {
  /** Absent: without end. */
  readonly daysLeft?: number;
  /** Profiles in which it was proven to work. */
  readonly proofs: readonly string[];
}

export default class MediaList extends BaseCommand {
  static override summary = 'List the media the site made: who has them, how long they are valid, what was proven.';
  static override examples = ['<%= config.bin %> media list', '<%= config.bin %> media list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ media: ListedMedium[] }> {
    const { flags } = await this.parse(MediaList);
    const { readRegister } = await import('../../src/site/media-register.ts');
    const { provenProfiles } = await import('../../src/prove/proof.ts');
    const site = await siteFolder(flags.site);
    const media = await Promise.all(
      (await readRegister(site)).map(async (record) => ({
        ...record,
        ...(record.validTo === undefined ? {} : { daysLeft: daysUntil(record.validTo) }),
        proofs: record.file === undefined ? [] : await provenProfiles(resolve(site, record.file), record.medium),
      })),
    );
    if (media.length === 0) this.log('No medium is on record. Next: bootwright media create standalone --help');
    else
      this.table(
        ['NAME', 'SEQUENCE', 'HOLDER', 'PLACE', 'DAYS LEFT', 'PROOFS'],
        media.map(({ name, sequence, holder, place, daysLeft, proofs, revoked }) => [
          name,
          sequence ?? '-',
          holder ?? '-',
          place ?? '-',
          revoked === undefined ? (daysLeft === undefined ? 'no end' : String(Math.max(0, daysLeft))) : 'revoked',
          proofs.join(' ') || '-',
        ]),
      );
    return { media };
  }
}

function daysUntil(time: string): number {
  return Math.floor((Date.parse(time) - now().getTime()) / 86_400_000);
}
