import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from './flags.ts';

export default class DeploymentShow extends BaseCommand {
  static override summary = 'Show a deployment with everything that was decided or left as it is.';
  static override examples = ['<%= config.bin %> deployment show L0001'];
  static override args = { id: Args.string({ description: 'ID of the deployment', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(DeploymentShow);
    const { findRecord } = await import('../../src/site/write-records.ts');
    const deployment = findRecord(await loadSiteAt(flags.site), 'deployments', args.id);
    const { id, place, scope, schedule, userExperience, content, ...facts } = deployment;
    this.log(`${id}  (${place.file})`);
    const ignored = ' (ignored after a start from media or network)';
    const rows = [
      ...Object.entries(facts),
      ...Object.entries(scope).map(([key, value]) => [`scope.${key}`, value] as const),
      ...Object.entries(schedule).map(([key, value]) => [`schedule.${key}`, value, ignored] as const),
      ...Object.entries({ ...userExperience, ...content }),
    ];
    for (const [key, value, remark = ''] of rows) {
      const text = Array.isArray(value) ? value.join(', ') : String(value);
      if (text !== '') this.log(`  ${key.padEnd(22)}${text}${remark}`);
    }
    return { deployment };
  }
}
