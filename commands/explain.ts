import { Flags } from '@oclif/core';
import { architectures, type Decision } from '../src/model/deployment.ts';
import type { MissingContent } from '../src/site/compile-content.ts';
import { BaseCommand } from './base.ts';
import {
  guidFlag,
  loadSiteAt,
  macFlag,
  manufacturerFlag,
  modelFlag,
  shownValue,
  siteFlag,
} from './deployment/flags.ts';

const marks = { applies: 'yes', passes: '-', refuses: 'NO' } as const;

export default class Explain extends BaseCommand {
  static override summary = 'Say what a machine would get, rule by rule.';
  static override description =
    'Decides from the files of the site, as the server would for a machine it has never seen: nothing was served before. --last-required and --reinstall tell it otherwise.';
  static override examples = [
    '<%= config.bin %> explain --mac 00:50:56:01:02:03',
    '<%= config.bin %> explain --mac 00:50:56:01:02:03 --guid 4C4C4544-0042-4D10-8053-B7C04F4E4D32 --arch x64 --firmware bios --from media',
  ];
  static override flags = {
    site: siteFlag,
    mac: macFlag,
    guid: guidFlag,
    arch: Flags.option({ description: 'of the processor', options: architectures, default: 'x64' as const })(),
    firmware: Flags.option({
      description: 'of the machine',
      options: ['uefi', 'bios'] as const,
      default: 'uefi' as const,
    })(),
    manufacturer: manufacturerFlag,
    model: modelFlag,
    address: Flags.string({ description: 'IPv4 or IPv6 address', helpValue: 'ADDRESS' }),
    interface: Flags.string({ description: 'interface of the server it asks on', helpValue: 'NAME' }),
    from: Flags.option({
      description: 'how it was started',
      options: ['pxe', 'media', 'client'] as const,
      default: 'pxe' as const,
    })(),
    'last-required': Flags.string({ description: 'required deployment that was served to it last', helpValue: 'ID' }),
    reinstall: Flags.string({ description: 'sequence it was armed to be reinstalled with', helpValue: 'ID' }),
  };

  override async run(): Promise<Decision & { missing: readonly MissingContent[] }> {
    const { flags } = await this.parse(Explain);
    const { catalogueSource } = await import('../src/site/catalogue-source.ts');
    const { describeWindow } = await import('../src/deployment/window.ts');
    const { explain } = await import('../src/deployment/explain.ts');
    const { now } = await import('../src/host/clock.ts');
    const { missingFor } = await import('../src/site/missing-content.ts');
    const site = await loadSiteAt(flags.site);
    const source = catalogueSource(site);
    const {
      mac: macs,
      guid,
      arch: architecture,
      firmware,
      manufacturer,
      model,
      address,
      from,
      interface: asked,
    } = flags;
    const decision = explain(source, {
      identity: { macs, guid, architecture, firmware, manufacturer, model, address, interface: asked },
      origin: from,
      now: now().toISOString(),
      lastRequired: flags['last-required'],
      reinstall: flags.reinstall,
    });
    this.table(
      ['RULE', 'APPLIES', 'WHAT IT SAYS'],
      decision.rules.map(({ rule, outcome, text }) => [rule, marks[outcome], text]),
    );
    this.log('');
    for (const { name, value } of decision.variables) this.log(`Variable ${name} = ${shownValue(value)}`);
    if (from === 'client')
      for (const window of decision.maintenanceWindows) this.log(`Maintenance window: ${describeWindow(window)}`);
    this.log(decision.reason ?? conclusion(decision));
    const missing: (MissingContent & { readonly sequence: string })[] = [];
    for (const sequence of new Set(decision.offers.map((offer) => offer.sequence)))
      missing.push(...(await missingFor(site, sequence)).map((one) => ({ sequence, ...one })));
    for (const { sequence, step, message } of missing)
      this.log(`Warning: ${sequence} could not start: ${message} The step "${step}" needs it.`);
    return { ...decision, missing };
  }
}

function conclusion({ offers, start, release, bootImage, waitSeconds }: Decision): string {
  const choice = offers.map(({ deployment, sequence }) => `${deployment} (${sequence})`).join(', ');
  const what = start === undefined ? `It is offered ${choice}.` : `It runs ${start} by itself.`;
  const approval =
    release === 'approval' ? ` Somebody has to approve it first; after ${waitSeconds} s it starts its disk.` : '';
  return `${what}${bootImage === undefined ? '' : ` Boot image: ${bootImage}.`}${approval}`;
}
