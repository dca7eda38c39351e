import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { installBySsh } from '../../src/server/agent-install.ts';
import { withKeyedSite } from './serving.ts';
import { SshMachine } from './ssh-machine.ts';

const { PATH } = process.env;
let machine: SshMachine | undefined;

async function reachable(options?: Parameters<typeof SshMachine.start>[0]): Promise<SshMachine> {
  machine = await SshMachine.start(options);
  process.env['PATH'] = `${machine.programs}:${PATH}`;
  return machine;
}

afterEach(async () => {
  process.env['PATH'] = PATH;
  await machine?.stop();
  machine = undefined;
});

const request = (siteFolder: string) => ({
  ...{ siteFolder, siteName: 'Lab', servers: ['https://192.0.2.10:8443'], proxy: 'http://192.0.2.1:3128' },
});
/** What the package was unpacked into would lie here. */
const left = 'ls -A /tmp | grep "^tmp\\." || echo nothing';
const looks = [
  ...['cat /opt/bootwright-agent/etc/server.json /run/systemctl.log', 'stat -c %a%U /var/lib/bootwright-agent'],
  ...['bootwright-agent status', 'bootwright-agent remove', 'ls /opt/bootwright-agent 2>/dev/null', left],
].join('; ');

describe('the agent installed by ssh, through a real sshd', () => {
  it('lies there whole, is started by its timer, and answers; nothing of the package is left', async () => {
    const there = await reachable();
    await withKeyedSite(async (site) => {
      expect(await installBySsh(request(site), 'root@lab-01')).toMatch(/The agent is installed/);
      expect(there.run('cat /opt/bootwright-agent/etc/ca.pem')).toBe(readFileSync(join(site, 'keys/ca.pem'), 'utf8'));
    });
    const [server = '', ...seen] = there.run(looks).trimEnd().split('\n');
    expect(JSON.parse(server)).toEqual({
      servers: ['https://192.0.2.10:8443'],
      siteName: 'Lab',
      network: { proxy: 'http://192.0.2.1:3128' },
    });
    expect(seen).toEqual([
      ...['daemon-reload', 'enable --now bootwright-client.timer', '700root'],
      'Nothing was heard of the site yet, or this is not for you to read: try sudo.',
      ...['The agent is removed.', 'nothing'],
    ]);
    expect(existsSync('/opt/bootwright-agent')).toBe(false);
  });

  it('says what the other system says, and leaves nothing there', async () => {
    const there = await reachable({ systemd: false });
    await withKeyedSite(async (site) => {
      await expect(installBySsh(request(site), 'root@lab-01')).rejects.toMatchObject({
        code: 'BW-AGENT-050',
        message: expect.stringContaining('not run by systemd'),
      });
      // Neither root, nor anybody who could become that.
      await expect(installBySsh(request(site), 'somebody@lab-01')).rejects.toMatchObject({
        code: 'BW-AGENT-050',
        message: expect.stringMatching(/sudo/),
      });
      await expect(installBySsh(request(site), 'nobody-of-that-name@lab-01')).rejects.toMatchObject({
        code: 'BW-AGENT-050',
        message: expect.stringMatching(/Permission denied/),
      });
    });
    expect(there.run(`ls -d /opt/bootwright-agent 2>/dev/null; ${left}`)).toBe('nothing\n');
  });

  it('takes no option of ssh for a machine', async () => {
    await withKeyedSite(async (site) => {
      await expect(installBySsh(request(site), '-oProxyCommand=true')).rejects.toMatchObject({ code: 'BW-AGENT-050' });
    });
  });
});
