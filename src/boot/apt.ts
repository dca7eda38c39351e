import { callerEnvironment } from '../host/environment.ts';
import { exists, listFiles, mkdir, readText, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import { type AptSource, parseDeb822Sources, parseListSources, sourcesForBootRelease } from './apt-sources.ts';

/** Where apt looks for a proxy when its own settings name none. */
const proxyVariables = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

/** Runs one of apt's programs and returns what it printed. @throws BW-BOOT-002 */
export type Apt = (program: string, args: readonly string[], directory?: string) => Promise<string>;

/**
 * apt in a world of its own: an empty package status, its own lists and none of the host's preferences or hooks
 * (hosts delete downloads and refresh catalogues in theirs). Proxies and the like are the host's, and so are the
 * credentials in auth.conf; what weakens the check of signatures is not taken over.
 */
export async function prepareApt(
  scratch: string,
  { architecture, mirror, signal }: { architecture: string; mirror?: string; signal?: AbortSignal },
): Promise<Apt> {
  const folder = `${scratch}/apt`;
  await mkdir(`${folder}/lists/partial`, { recursive: true });
  await mkdir(`${folder}/archives/partial`, { recursive: true });
  await mkdir(`${folder}/empty`);
  await writeAtomically(`${folder}/status`, '');
  const sources = sourcesForBootRelease(await hostSources(), mirror);
  if (sources === '') {
    throw new BootwrightError('BW-BOOT-001', 'apt on this machine knows no Debian source, and no mirror was named.');
  }
  await writeAtomically(`${folder}/debian.sources`, sources);
  const acquire = await run('apt-config', ['dump', 'Acquire'], { accept: [1] });
  const inherited = acquire.stdout
    .split('\n')
    .filter((line) => /^Acquire::(?!IndexTargets|Languages|Allow)/.test(line));
  const settings = {
    'Dir::State': folder,
    'Dir::State::status': `${folder}/status`,
    'Dir::Cache': folder,
    'Dir::Etc::sourcelist': `${folder}/debian.sources`,
    'Dir::Etc::sourceparts': `${folder}/empty`,
    'Dir::Etc::parts': `${folder}/empty`,
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': `${folder}/empty`,
    'Dir::Etc::trusted': '/dev/null',
    'Dir::Etc::trustedparts': `${folder}/empty`,
    'APT::Architecture': architecture,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  };
  const own = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  await writeAtomically(
    `${folder}/apt.conf`,
    [...inherited, ...own, `APT::Architectures { "${architecture}"; };`, ''].join('\n'),
  );
  return async (program, args, directory = folder) => {
    try {
      const result = await run(program, args, {
        environment: { ...callerEnvironment(proxyVariables), APT_CONFIG: `${folder}/apt.conf` },
        directory,
        ...(signal === undefined ? {} : { signal }),
      });
      return result.stdout;
    } catch (cause) {
      if (cause instanceof BootwrightError && cause.code === 'BW-HOST-006') throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BootwrightError('BW-BOOT-002', `Packages could not be obtained: ${reason}`, { cause });
    }
  };
}

/** apt's sources on this machine, of all vendors. */
export async function hostSources(): Promise<AptSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = (await exists(folder)) ? (await listFiles(folder)).map((name) => `${folder}/${name}`) : [];
  const found: AptSource[] = [];
  for (const file of ['/etc/apt/sources.list', ...names]) {
    if (!(await exists(file))) continue;
    if (file.endsWith('.sources')) found.push(...parseDeb822Sources(await readText(file)));
    else if (file.endsWith('.list')) found.push(...parseListSources(await readText(file)));
  }
  return found;
}
