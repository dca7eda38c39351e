import type { Deployment } from '../../src/model/deployment.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from './flags.ts';

export default class DeploymentList extends BaseCommand {
  static override summary = 'List the deployments of the site, highest ID first.';
  static override examples = ['<%= config.bin %> deployment list', '<%= config.bin %> deployment list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ deployments: Deployment[] }> {
    const { flags } = await this.parse(DeploymentList);
    const deployments = [...(await loadSiteAt(flags.site)).deployments.values()].reverse();
    if (deployments.length === 0)
      this.log('There is none. Next: bootwright deployment add ID --sequence ID --collection NAME');
    else
      this.table(
        ['ID', 'SEQUENCE', 'COLLECTION', 'PURPOSE', 'AVAILABLE TO', 'STATE'],
        deployments.map(({ id, sequence, collection, purpose, availableTo, disabled }) => [
          id,
          sequence,
          collection,
          purpose,
          availableTo,
          disabled ? 'disabled' : 'on',
        ]),
      );
    return { deployments };
  }
}
