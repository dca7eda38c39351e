import { describe, expect, it } from 'vitest';
import { bootable } from '../../media/bootable/kind.ts';
import { type BootableSettings, formatBootableServer, readBootableServer } from '../../src/model/bootable.ts';

const settings = (...servers: string[]): BootableSettings => ({
  ...{ format: 'bootwright-bootable/1', organisation: 'Lab', siteName: 'Lab', authority: 'PEM', variables: [] },
  ...{
    servers: servers.map(readBootableServer),
    unknownComputers: true,
    unattended: false,
    allowShell: false,
    keyboard: 'us',
  },
});

describe('servers of a bootable medium', () => {
  it.each([
    'https://deploy.example.org:8443',
    'https://deploy.example.org',
    'https://192.0.2.10:8443,10.1.0.0/16,2001:db8::/32',
    'https://[2001:db8::1]:8443',
    'https://deploy.example.org:8443/',
  ])('%s can be asked', (server) => expect(bootable.objections(settings(server))).toEqual([]));

  it.each([
    ['', /no address/],
    ['deploy.example.org', /no address/],
    ['http://deploy.example.org', /https/],
    ['https://deploy.example.org:8443/v1', /only scheme, name and port/],
    ['https://user:word@deploy.example.org', /account/],
    ['https://localhost:8443', /itself/],
    ['https://127.0.0.1:8443', /itself/],
    ['https://[::1]:8443', /itself/],
    ['https://0.0.0.0:8443', /itself/],
    ['https://a.example.org,10.1.0.0', /subnet/],
    ['https://a.example.org,10.1.0.0/40', /subnet/],
  ])('%s cannot', (server, why) => {
    const [problem, ...others] = bootable.objections(settings(server));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'BW-MEDIA-030', severity: 'error', message: expect.stringMatching(why) });
  });

  it('are one at least, sixteen at most, and each named once', () => {
    expect(bootable.objections(settings())).toHaveLength(1);
    const many = Array.from({ length: 17 }, (_, index) => `https://s${index}.example.org`);
    expect(bootable.objections(settings(...many))).toHaveLength(1);
    expect(bootable.objections(settings(...many.slice(1)))).toEqual([]);
    expect(bootable.objections(settings('https://a', 'https://a/'))).toHaveLength(1);
  });

  it('are shown with whom they serve first', () => {
    expect(formatBootableServer(readBootableServer('https://a'))).toBe('https://a');
    expect(formatBootableServer(readBootableServer('https://a, 10.1.0.0/16'))).toBe(
      'https://a (first for 10.1.0.0/16)',
    );
  });
});
