import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type NetworkPageFacts, networkPage } from '../../../src/agent/online/network-page.ts';
import { drawFrame } from '../../../src/agent/screen.ts';
import { typingPage } from '../../../src/agent/type-line.ts';
import type { NetworkAdapter } from '../../../src/model/protocol.ts';
import { newKey } from '../medium-tree.ts';
import { enter } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { forget, type OnlineRun, type OnlineRunOptions, onlinePolicy, runOnline } from './online-run.ts';
import { type ProxyServer, serveProxy } from './proxy.ts';
import { type Site, serveSite } from './site-server.ts';

const key = newKey();
let authority: TestAuthority;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  authority = await makeAuthority();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const adapters: readonly NetworkAdapter[] = [
  { name: 'eth0', mac: '52:54:00:12:34:56', driver: 'e1000e', addresses: ['192.0.2.7/24', 'fe80::1/64'], link: true },
  { name: 'eth1', mac: '52:54:00:12:34:57', driver: 'e1000e', addresses: ['fe80::2/64'], link: true },
  { name: 'eth2', mac: '52:54:00:12:34:58', driver: 'igc', addresses: [], link: false },
];
const away: NetworkPageFacts = {
  error: {
    message: 'No server answers. https://deploy.example.org:8443: the proxy wants an account, or another one (407).',
  },
  ...{ adapters, network: { settings: {} }, note: '' },
};
const typed: NetworkPageFacts = {
  ...away,
  note: 'R tries it.',
  network: {
    settings: {
      ...{ adapter: 'eth1', vlan: 20, proxy: 'http://proxy.example.org:3128' },
      fixed: { address: '192.0.2.10/24', gateway: '192.0.2.1', nameServer: '192.0.2.53' },
    },
    account: 'anna:topsecret',
  },
};

it.each([
  ['network', networkPage(away, 42)],
  ['network-typed', networkPage(typed, undefined)],
  ['network-none', networkPage({ ...away, adapters: [] }, 60)],
  [
    'network-proxy-password',
    typingPage(
      {
        id: 'x',
        title: 'Account for http://proxy:3128',
        help: ['Password of anna.'],
        label: 'Password: ',
        isSecret: true,
      },
      'topsecret',
      '',
    ),
  ],
])('the page %s looks as it should', async (name, page) => {
  const drawn = drawFrame(page, { organisation: 'Lab', label: 'Stick 7' }).join('\n');
  expect(drawn).not.toContain('topsecret');
  await expect(`${drawn}\n`).toMatchFileSnapshot(`../../goldens/agent/${name}.screen.txt`);
});

async function site(name: string): Promise<Site> {
  const certificate: TestAuthority = {
    ...authority,
    issue: () => authority.issue({ type: 'dns', value: name }),
  };
  const served = await serveSite({ authority: certificate, key, policy: onlinePolicy(key) });
  closing.push(() => served.close());
  return served;
}

/** In front of the site, which only the proxy knows by name. */
async function proxyTo(served: Site, account?: string): Promise<ProxyServer> {
  const proxy = await serveProxy(Number(new URL(served.origin).port), account);
  closing.push(() => proxy.close());
  return proxy;
}

async function boot(served: Site, options: Partial<OnlineRunOptions>): Promise<OnlineRun> {
  const port = new URL(served.origin).port;
  const run = await runOnline({
    ...{ servers: [`https://deploy.example.test:${port}`], authority: authority.certificate, keys: [key], adapters },
    ...options,
    answers: { refusal: [enter], failure: [enter], notice: [enter], confirm: [enter], ...options.answers },
  });
  closing.push(() => forget(run));
  return run;
}

const completed = ({ events }: OnlineRun): boolean => events.some(({ type }) => type === 'sequence.completed');

describe('the network page', () => {
  it('takes a proxy with an account, which stays a secret', async () => {
    const served = await site('deploy.example.test');
    const proxy = await proxyTo(served, 'anna:topsecret:1');
    const run = await boot(served, {
      answers: {
        network: ['p', 'p'],
        'network-proxy': [proxy.origin, enter, enter],
        'network-proxy-user': ['anna', enter],
        'network-proxy-password': ['topsecret:1', enter],
        'network-waiting': ['r'],
      },
    });
    expect(completed(run)).toBe(true);
    expect(new Set(proxy.asked.map(([, account]) => account))).toEqual(new Set(['anna:topsecret:1']));
    expect(run.applied.at(-1)).toEqual({ proxy: `http://${proxy.origin}` });
    const traces = JSON.stringify([run.pages, run.events]);
    expect(traces).not.toContain('topsecret');
    expect(traces).not.toContain(Buffer.from('anna:topsecret:1').toString('base64'));
  });

  it('says that the proxy wants an account', async () => {
    const served = await site('deploy.example.test');
    const proxy = await proxyTo(served, 'anna:topsecret');
    const run = await boot(served, {
      server: { network: { proxy: `http://${proxy.origin}` } },
      answers: { network: [enter] },
    });
    expect(JSON.stringify(run.pages.find(({ id }) => id === 'network'))).toContain('wants an account');
    expect(served.asked).toEqual([]);
  });

  it('is not there when the file of the medium says how', async () => {
    const served = await site('deploy.example.test');
    const proxy = await proxyTo(served);
    const run = await boot(served, { server: { network: { proxy: proxy.origin, vlan: 20 } } });
    expect(completed(run)).toBe(true);
    expect(run.pages.some(({ id }) => id.startsWith('network'))).toBe(false);
    expect(run.applied).toEqual([{ proxy: `http://${proxy.origin}`, vlan: 20 }]);
  });

  it('takes adapter, VLAN and address, and tries again by itself only while nothing was changed', async () => {
    const served = await site('deploy.example.test');
    const run = await boot(served, {
      answers: {
        'network-waiting': ['v', 's', 'r'],
        network: ['a', enter],
        'network-vlan': ['5000', enter, { kind: 'clear-line' }, '20', enter],
        'network-address': ['192.0.2.10/24 192.0.2.1', enter],
      },
    });
    const fixed = { address: '192.0.2.10/24', gateway: '192.0.2.1', nameServer: '' };
    expect(run.applied).toEqual([{}, { adapter: 'eth0', vlan: 20, fixed }]);
    expect(JSON.stringify(run.pages.filter(({ id }) => id === 'network-vlan'))).toContain(
      'is no number from 1 to 4094',
    );
  });

  it('refuses a file with an account in it', async () => {
    const served = await site('deploy.example.test');
    const run = await boot(served, { server: { network: { proxy: 'http://anna:secret@proxy:3128' } } });
    expect(run.refusedWith).toBe('BW-AGENT-036');
  });
});
