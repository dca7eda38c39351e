import { Args, Flags } from '@oclif/core';
import type { RegisteredMedium } from '../../src/site/media-register.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

export default class MediaNote extends BaseCommand {
  static override summary = 'Write down who has a medium, and where it is.';
  static override description = 'Stands in media/NAME.yaml of the site. An empty text removes what stood there.';
  static override examples = [
    '<%= config.bin %> media note BW-7Q4K-22MD --holder "Anna Berg" --place "Lab 2, drawer 4"',
    '<%= config.bin %> media note BW-7Q4K-22MD --note "stick with a red ring"',
  ];
  static override args = { name: Args.string({ description: 'name or id of the medium', required: true }) };
  static override flags = {
    site: siteFlag,
    holder: Flags.string({ description: 'who has it' }),
    place: Flags.string({ description: 'where it is' }),
    note: Flags.string({ description: 'anything else' }),
  };

  override async run(): Promise<RegisteredMedium> {
    const { args, flags } = await this.parse(MediaNote);
    const { noteMedium } = await import('../../src/site/media-register.ts');
    const { holder, place, note } = flags;
    const changes = {
      ...(holder === undefined ? {} : { holder }),
      ...(place === undefined ? {} : { place }),
      ...(note === undefined ? {} : { note }),
    };
    const record = await noteMedium(await siteFolder(flags.site), args.name, changes);
    this.log(
      `${record.name}: ${[record.holder, record.place, record.note].filter(Boolean).join('; ') || 'nothing noted'}`,
    );
    return record;
  }
}
