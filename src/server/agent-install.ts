import { callerEnvironment } from '../host/environment.ts';
import { withScratch } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import { type AgentPackageRequest, agentPackage, packageFolder } from './agent-package.ts';

/** Installs the agent on the system this runs on. Needs root. @throws BW-HOST-002, BW-AGENT-050 */
export async function installHere(request: AgentPackageRequest): Promise<string> {
  const { archive } = await agentPackage(request);
  return withScratch(async (folder) => {
    await run('tar', ['-x', '-f', '-', '-C', folder], { input: archive });
    return outcome(await run(`${folder}/${packageFolder}/install`, [], { accept: failures }));
  });
}

/** A folder in memory or on the disk of the other system, gone afterwards whatever happens. */
const remote = [
  // Before 130 MB are sent for nothing.
  'if [ "$(id -u)" = 0 ]; then become=; else become="sudo -n"; $become true || exit 1; fi',
  'folder=$(mktemp -d) || exit 1',
  'trap \'rm -rf "$folder"\' EXIT',
  'tar -x -f - -C "$folder" || exit 1',
  `$become "$folder/${packageFolder}/install"`,
].join('; ');

/** The same on another system, by the user's own ssh, which asks for passwords itself. @throws BW-HOST-001, BW-HOST-002 */
export async function installBySsh(request: AgentPackageRequest, host: string): Promise<string> {
  // It would be taken for an option.
  if (host.startsWith('-')) throw new BootwrightError('BW-AGENT-050', `"${host}" is no machine.`);
  const { archive } = await agentPackage(request);
  const environment = callerEnvironment(['SSH_AUTH_SOCK', 'USER', 'TERM']);
  return outcome(await run('ssh', [host, remote], { input: archive, environment, accept: failures }));
}

const failures = Array.from({ length: 255 }, (_, index) => index + 1);

function outcome({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>): string {
  if (code === 0) return stdout.trim();
  const [, own, message] = /(BW-[A-Z]+-\d{3}) (.*)/.exec(stderr) ?? [];
  const said = own === undefined ? stderr.trim().split('\n').slice(-3).join(' ') : (message ?? '');
  throw new BootwrightError('BW-AGENT-050', `The agent was not installed: ${said || `code ${code}`}`);
}
