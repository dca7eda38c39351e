import { delimiter, join } from 'node:path';
import { exists } from './files.ts';
import { run } from './process.ts';
import { type HostTool, hostTools } from './tools.ts';

/** What `bootwright doctor` says about one program or file. */
export interface ToolFinding {
  /** Program name, or the absolute path of a file. */
  readonly name: string;
  /** Where it was found; undefined when it is missing. */
  readonly path: string | undefined;
  /** As the program prints it; undefined for files and for programs that do not say. */
  readonly version: string | undefined;
  readonly package: string;
  readonly neededFor: string;
}

/** Looks for every tool of the table, in its order, and asks it for its version. */
export async function examineHost(tools: readonly HostTool[] = hostTools): Promise<ToolFinding[]> {
  return Promise.all(
    tools.map(async (tool) => {
      const path = tool.program === undefined ? await existing(tool.file ?? '') : await which(tool.program);
      const version = path === undefined || tool.version === undefined ? undefined : await ask(path, tool.version);
      const { package: from, neededFor } = tool;
      return { name: tool.program ?? tool.file ?? '', path, version, package: from, neededFor };
    }),
  );
}

/** Debian packages of what is missing, each once, sorted. */
export function missingPackages(findings: readonly ToolFinding[]): string[] {
  return [...new Set(findings.filter(({ path }) => path === undefined).map((finding) => finding.package))].sort();
}

async function which(program: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter((name) => name !== '');
  for (const folder of folders) {
    const path = await existing(join(folder, program));
    if (path !== undefined) return path;
  }
  return undefined;
}

async function existing(path: string): Promise<string | undefined> {
  return (await exists(path)) ? path : undefined;
}

async function ask(path: string, argument: string): Promise<string | undefined> {
  // Some print their version only together with an error (mkfs.vfat --help), some to standard error (mke2fs).
  const { stdout, stderr } = await run(path, [argument], { accept: anyCode, timeoutMilliseconds: 10_000 }).catch(
    () => ({
      stdout: '',
      stderr: '',
    }),
  );
  return versionIn(stdout) ?? versionIn(stderr);
}

const anyCode = Array.from({ length: 256 }, (_, code) => code);

function versionIn(text: string): string | undefined {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? /\bversion v?(\d+)/.exec(text)?.[1];
}
