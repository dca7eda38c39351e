import { Args, Flags } from '@oclif/core';
import { now } from '../../../src/host/clock.ts';
import { promptNewSecret, readPasswordFile } from '../../../src/host/prompt.ts';
import { BaseCommand } from '../../base.ts';
import { siteFlag, siteFolder } from '../../key/flags.ts';

export default class DeploymentPasswordSet extends BaseCommand {
  static override summary = 'Set the password that releases a deployment with secrets to known machines.';
  static override description =
    'Only a verifier is stored (OPAQUE): neither the server nor the network ever holds the password. Setting it again replaces it.';
  static override examples = [
    '<%= config.bin %> deployment password set debian',
    '<%= config.bin %> deployment password set debian --password-file password.txt',
  ];
  static override args = { deployment: Args.string({ description: 'ID of the deployment', required: true }) };
  static override flags = {
    site: siteFlag,
    'password-file': Flags.string({ description: 'file with the password (- is standard input)', helpValue: 'FILE' }),
  };

  override async run(): Promise<{ deployment: string }> {
    const { args, flags } = await this.parse(DeploymentPasswordSet);
    const site = await siteFolder(flags.site);
    const file = flags['password-file'];
    const password =
      file === undefined ? await promptNewSecret(`Password of ${args.deployment}:`) : await readPasswordFile(file);
    const { openState, stateFile } = await import('../../../src/server/state/state.ts');
    const { setDeploymentPassword } = await import('../../../src/server/passwords.ts');
    const state = await openState(stateFile(site));
    try {
      await setDeploymentPassword(state, args.deployment, password, now());
    } finally {
      await state.destroy();
    }
    this.log(`The deployment ${args.deployment} has a password. Next: bootwright serve`);
    return { deployment: args.deployment };
  }
}
