import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installBySsh } from '../../src/server/agent-install.ts';
import { withKeyedSite } from './serving.ts';

const { PATH } = process.env;
let folder: string;

/** An ssh that reaches a machine of its own: this one, with its own folder for temporary files. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-'));
  const ssh = `#!/bin/sh\necho "$1" > '${folder}/host'\nmkdir '${folder}/tmp'\nexport TMPDIR='${folder}/tmp'\nexec sh -c "$2"\n`;
  writeFileSync(join(folder, 'ssh'), ssh);
  chmodSync(join(folder, 'ssh'), 0o755);
  process.env['PATH'] = `${folder}:${PATH}`;
});
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

const request = (siteFolder: string) => ({ siteFolder, siteName: 'Lab', servers: ['https://127.0.0.1:8443'] });

describe('the agent installed by ssh', () => {
  // Where this runs is no system with systemd: how far it comes, and what it says, is what can be seen here.
  it.skipIf(existsSync('/run/systemd/system'))(
    'says what the other system says, and leaves nothing there',
    async () => {
      await withKeyedSite(async (site) => {
        await expect(installBySsh(request(site), 'root@lab-01')).rejects.toMatchObject({
          code: 'BW-AGENT-050',
          message: expect.stringContaining('not run by systemd'),
        });
      });
      expect(readFileSync(join(folder, 'host'), 'utf8')).toBe('root@lab-01\n');
      expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
      expect(existsSync('/opt/bootwright-agent')).toBe(false);
    },
  );

  it('takes no option of ssh for a machine', async () => {
    await withKeyedSite(async (site) => {
      await expect(installBySsh(request(site), '-oProxyCommand=true')).rejects.toMatchObject({ code: 'BW-AGENT-050' });
    });
    expect(existsSync(join(folder, 'host'))).toBe(false);
  });
});
