import { Flags } from '@oclif/core';
import { now } from '../../src/host/clock.ts';
import { formatCount } from '../../src/model/quantity.ts';
import type { Waking } from '../../src/server/wake.ts';
import type { Site } from '../../src/site/site.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';
import { withState } from '../with-state.ts';
import { collectionFlag, deviceArgument, sayWoken, subnetFlag, targetOf } from './flags.ts';

const day = 86_400_000;

export default class DeviceReinstall extends BaseCommand {
  static override summary = 'Let devices run a task sequence by itself at their next start, once.';
  static override description =
    'The next time such a machine starts from the network or from media, the sequence starts without a question; afterwards the machine starts its disk again, also when a required deployment waited for it. What a policy with secrets asks for (approval or password) it asks for here too. `device clear` is for required deployments: it lets the last one be served once more.';
  static override examples = [
    '<%= config.bin %> device reinstall lab-01 --sequence debian --wake',
    '<%= config.bin %> device reinstall --collection lab --sequence debian --confirm-machines 12',
    '<%= config.bin %> device reinstall lab-01 --cancel',
  ];
  static override args = { name: deviceArgument };
  static override flags = {
    site: siteFlag,
    collection: collectionFlag,
    sequence: Flags.string({ description: 'task sequence', helpValue: 'ID' }),
    days: Flags.integer({
      description: 'forget it when no start came within so many days',
      min: 1,
      max: 365,
      default: 7,
    }),
    wake: Flags.boolean({ description: 'wake the machines, as `device wake` does' }),
    subnet: subnetFlag,
    cancel: Flags.boolean({ description: 'disarm what waits; without a name or collection all', exclusive: ['wake'] }),
    'confirm-machines': Flags.integer({ description: 'the number of machines, instead of typing it' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(DeviceReinstall);
    const site = await loadSiteAt(flags.site);
    if (flags.cancel) return this.#cancel(site, args.name, flags);
    const { planReinstall, requireCounted } = await import('../../src/deployment/reinstall.ts');
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { armReinstalls } = await import('../../src/server/state/reinstalls.ts');
    const target = await targetOf(site, args.name, flags.collection);
    const plan = planReinstall(catalogueSource(site), target, flags.sequence ?? '');
    const names = plan.devices.map(({ name }) => name);
    const erases = plan.erases ? 'erases and reinstalls' : 'runs by itself on';
    this.logToStderr(
      `${plan.sequence} ${erases} ${formatCount(names.length, 'machine')} at the next start: ${names.join(', ')}`,
    );
    requireCounted(plan, flags['confirm-machines'] ?? (await this.#typed(names.length)));
    const at = now();
    const expires = new Date(at.getTime() + flags.days * day);
    const seen = await withState(flags.site, async (state) => {
      const { seenMachines } = await import('../../src/server/state/machines.ts');
      await armReinstalls(state, plan.devices, plan.sequence, { at, expires });
      return seenMachines(state);
    });
    this.log(`Armed: ${names.join(', ')}, until ${expires.toISOString()}.`);
    let waking: Waking | undefined;
    if (flags.wake) {
      const { wakeDevices } = await import('../../src/server/wake.ts');
      waking = await wakeDevices(plan.devices, seen, flags.subnet);
      this.log(sayWoken(waking));
    } else this.log('Next: restart the machines from the network or from media; bootwright status says who is left.');
    return { sequence: plan.sequence, armed: names, expires: expires.toISOString(), ...waking };
  }

  async #cancel(
    site: Site,
    name: string | undefined,
    flags: { readonly site: string; readonly collection?: string | undefined },
  ): Promise<object> {
    const { cancelReinstalls } = await import('../../src/server/state/reinstalls.ts');
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { devicesOf } = await import('../../src/deployment/target.ts');
    const isAll = name === undefined && flags.collection === undefined;
    const devices = isAll ? undefined : devicesOf(catalogueSource(site), await targetOf(site, name, flags.collection));
    const names = devices?.map((device) => device.name);
    const cancelled = await withState(flags.site, (state) => cancelReinstalls(state, names));
    this.log(cancelled.length === 0 ? 'Nothing was armed.' : `Disarmed: ${cancelled.join(', ')}.`);
    return { cancelled };
  }

  /** A single machine is a question of yes or no; more of them are counted. */
  async #typed(count: number): Promise<number | undefined> {
    const { ask, canAsk } = await import('../../src/host/terminal.ts');
    if (!canAsk()) return undefined;
    const flag = '--confirm-machines';
    if (count === 1) return /^y(es)?$/i.test((await ask({ text: 'Go on? (yes/no)', flag })).trim()) ? 1 : undefined;
    return Number((await ask({ text: 'Type the number of machines to go on:', flag })).trim());
  }
}
