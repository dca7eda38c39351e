import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

interface ListedKey {
  readonly name: string;
  readonly machine: string;
  readonly enrolled: string;
  readonly releasedBy: string;
  readonly secureBoot: boolean;
  readonly lastUsed: string | null;
}

export default class DeviceKeys extends BaseCommand {
  static override summary = 'List the machines whose TPM releases their policy without a person.';
  static override description = 'Next to each: when it was enrolled, after what, and when its key was used last.';
  static override examples = ['<%= config.bin %> device keys', '<%= config.bin %> device keys --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ readonly keys: readonly ListedKey[] }> {
    const { flags } = await this.parse(DeviceKeys);
    const { enrolments } = await import('../../src/server/state/enrolments.ts');
    const keys = (await withState(flags.site, enrolments)).map((key) => ({
      ...{ name: key.device, machine: key.machine, enrolled: key.enrolled, releasedBy: key.released_by },
      ...{ secureBoot: key.secure_boot === 1, lastUsed: key.last_used },
    }));
    if (keys.length === 0) this.log('No TPM is enrolled.');
    else
      this.table(
        ['Device', 'Machine', 'Enrolled', 'After', 'Secure Boot', 'Last used'],
        keys.map(({ name, machine, enrolled, releasedBy, secureBoot, lastUsed }) => [
          ...[name, machine, enrolled, releasedBy, secureBoot ? 'on' : 'off', lastUsed ?? 'never'],
        ]),
      );
    return { keys };
  }
}
