import { Args, Flags } from '@oclif/core';
import { availabilities, rerunBehaviours } from '../../src/model/deployment.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, several, siteFlag } from './flags.ts';

export default class DeploymentAdd extends BaseCommand {
  static override summary = 'Deploy a task sequence to a collection.';
  static override description =
    'Available: somebody at the machine chooses it. Required: it starts by itself, once. A sequence that erases machines cannot go to All Systems, and a required one to unknown machines needs a scope and the number of machines. Writes deployments/ID.yaml.';
  static override examples = [
    '<%= config.bin %> deployment add L0001 --sequence debian --collection lab',
    '<%= config.bin %> deployment add U0001 --sequence debian --collection "All Unknown Computers" --required \\\n  --subnet 10.1.2.0/24 --machines 12 --confirm-machines 12',
  ];
  static override args = { id: Args.string({ description: 'ID; of several the highest comes first', required: true }) };
  static override flags = {
    site: siteFlag,
    sequence: Flags.string({ description: 'task sequence', helpValue: 'ID', required: true }),
    collection: Flags.string({ description: 'collection it is for', helpValue: 'NAME', required: true }),
    required: Flags.boolean({ description: 'start by itself instead of being offered' }),
    'available-to': Flags.string({ description: 'how a machine has to ask', options: [...availabilities] }),
    subnet: several('only machines with an address in it', 'CIDR'),
    oui: several('only machines with a MAC address that begins so', 'XX:XX:XX'),
    interface: several('only machines that ask on this interface of the server', 'NAME'),
    machines: Flags.integer({ description: 'for this many unknown machines at most', min: 1 }),
    available: Flags.string({ description: 'begins then, on running systems', helpValue: 'TIME' }),
    expires: Flags.string({ description: 'ends then, on running systems', helpValue: 'TIME' }),
    rerun: Flags.string({ description: 'when a running system runs it again', options: [...rerunBehaviours] }),
    wake: Flags.boolean({ description: 'wake machines when it is due' }),
    'tpm-release': Flags.boolean({ description: 'known machines whose TPM is enrolled need nobody any more' }),
    disabled: Flags.boolean({ description: 'write it, but do not offer it yet' }),
    comment: Flags.string({ description: 'remark for people', helpValue: 'TEXT' }),
    'confirm-machines': Flags.integer({ description: 'the number of machines it may erase, where that is asked for' }),
  };

  override async run(): Promise<{ id: string; file: string; members: number; unknown: number }> {
    const { args, flags } = await this.parse(DeploymentAdd);
    const { checkPrepared, prepareRecord, writeRecords } = await import('../../src/site/write-records.ts');
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { assessRisk, requireConfirmed } = await import('../../src/deployment/risk.ts');
    const site = await loadSiteAt(flags.site);
    const { sequence, collection, subnet, oui, machines, available, expires, rerun, wake, disabled, comment } = flags;
    const prepared = await prepareRecord(site, 'deployments', args.id, {
      sequence,
      collection,
      purpose: flags.required ? 'required' : 'available',
      availableTo: flags['available-to'],
      disabled,
      comment,
      scope: { subnets: subnet, ouis: oui, interfaces: flags.interface, machines },
      schedule: { available, expires },
      rerun,
      wake,
      tpmRelease: flags['tpm-release'],
    });
    checkPrepared(site, [prepared]);
    const risk = assessRisk(catalogueSource(site), prepared.value);
    requireConfirmed(risk, flags['confirm-machines'] ?? (await this.#typedNumber(risk.confirm)));
    await writeRecords(site, [prepared]);
    const { members, unknown } = risk;
    this.log(`Written: ${prepared.file}.`);
    if (members > 0) this.log(`It starts by itself on ${members} devices.`);
    this.log('Next: bootwright explain --mac MAC says what a machine would get, and why.');
    return { id: args.id, file: prepared.file, members, unknown };
  }

  async #typedNumber(question: string | undefined): Promise<number | undefined> {
    const { ask, canAsk } = await import('../../src/host/terminal.ts');
    if (question === undefined || !canAsk()) return undefined;
    const text = `${question}. Type the number of machines to go on:`;
    return Number((await ask({ text, flag: '--confirm-machines' })).trim());
  }
}
