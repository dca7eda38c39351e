import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeAgentPackage } from '../../src/server/agent-package.ts';
import { withKeyedSite } from './serving.ts';

it('the package of the agent runs where it is unpacked, knows the site, and holds no private key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    await withKeyedSite(async (siteFolder) => {
      const file = join(folder, 'agent.tar');
      const request = { siteFolder, siteName: 'Lab', servers: ['https://deploy.example.org:8443'] };
      await writeAgentPackage(request, file, false);
      await expect(writeAgentPackage(request, file, false)).rejects.toMatchObject({ code: 'BW-HOST-005' });
      execFileSync('tar', ['-x', '-f', file, '-C', folder]);
      const agent = join(folder, 'bootwright-agent');
      expect(readdirSync(agent).sort()).toEqual(['etc', 'install', 'node', 'program']);
      expect(JSON.parse(readFileSync(join(agent, 'etc/server.json'), 'utf8'))).toEqual({
        ...{ servers: request.servers, siteName: 'Lab' },
      });
      const help = execFileSync(join(agent, 'node'), [join(agent, 'program/agent.mjs'), 'client', '--help']);
      expect(help.toString()).toMatch(/^usage: bootwright-agent/);
      const texts = readdirSync(join(agent, 'etc'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
      expect(texts.join('\n')).not.toMatch(/private/i);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
