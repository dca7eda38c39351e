import { Flags } from '@oclif/core';
import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { packageRequest, proxyFlag, serverFlag } from './flags.ts';

export default class AgentPackage extends BaseCommand {
  static override summary = 'Write the agent for running Linux systems into one file.';
  static override description =
    'A tar archive with the agent, its own Node, the site’s certificate and keys, and the servers; it holds no secret. On the system: unpack it and run bootwright-agent/install as root.';
  static override examples = [
    '<%= config.bin %> agent package --server https://deploy.example.org:8443 --output agent.tar',
    'tar -xf agent.tar && sudo bootwright-agent/install',
  ];
  static override flags = {
    site: siteFlag,
    server: serverFlag,
    proxy: proxyFlag,
    output: Flags.string({ description: 'the file to write', helpValue: 'FILE.tar', required: true }),
    force: Flags.boolean({ description: 'replace an existing file' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(AgentPackage);
    const { writeAgentPackage } = await import('../../src/server/agent-package.ts');
    const request = await packageRequest(flags);
    const written = await writeAgentPackage(request, flags.output, flags.force);
    this.log(`Written: ${flags.output} (${formatBytes(written.size)}), for ${flags.server.join(', ')}`);
    this.log(`Next, on each system: tar -xf ${flags.output} && sudo bootwright-agent/install`);
    return { file: flags.output, ...written, servers: flags.server };
  }
}
