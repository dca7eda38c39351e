import { Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { packageRequest, proxyFlag, serverFlag } from './flags.ts';

export default class AgentInstall extends BaseCommand {
  static override summary = 'Install the agent on a running Linux: this one, or another one by ssh.';
  static override description =
    'The agent asks the site every 15 minutes what the system may run, and runs what is required in its maintenance windows. Needs systemd and root (on another system root, or sudo without a password). Without ssh: bootwright agent package.';
  static override examples = [
    '<%= config.bin %> agent install --server https://deploy.example.org:8443 --to root@lab-01',
    'sudo <%= config.bin %> agent install --site /srv/site --server https://deploy.example.org:8443',
  ];
  static override flags = {
    site: siteFlag,
    server: serverFlag,
    proxy: proxyFlag,
    to: Flags.string({ description: 'the other system, as ssh names it', helpValue: 'USER@HOST' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(AgentInstall);
    const { installBySsh, installHere } = await import('../../src/server/agent-install.ts');
    const request = await packageRequest(flags);
    const said = flags.to === undefined ? await installHere(request) : await installBySsh(request, flags.to);
    this.log(said);
    return { installed: flags.to ?? 'here', servers: flags.server };
  }
}
