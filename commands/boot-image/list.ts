import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteOrNone } from './place.ts';

export default class BootImageList extends BaseCommand {
  static override summary = 'List the boot images of the site and of this user.';
  static override examples = ['<%= config.bin %> boot-image list', '<%= config.bin %> boot-image list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { flags } = await this.parse(BootImageList);
    const { listBootImages } = await import('../../src/boot/list.ts');
    const found = await listBootImages(await siteOrNone(flags.site));
    if (found.length === 0) this.log('There is none yet. Next: bootwright boot-image build default');
    else
      this.table(
        ['NAME', 'KERNEL', 'KEYBOARD', 'SIZE', 'SECURE BOOT', 'FOLDER'],
        found.map(({ name, folder, image, problem }) =>
          image === undefined
            ? [name, '-', '-', '-', '-', `${folder}: ${problem}`]
            : [
                name,
                image.kernelVersion,
                image.keyboard,
                formatBytes(Object.values(image.files).reduce((sum, { size }) => sum + size, 0)),
                image.secureBoot ? 'yes' : 'no',
                folder,
              ],
        ),
      );
    return { bootImages: found };
  }
}
