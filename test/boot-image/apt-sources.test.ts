import { describe, expect, it } from 'vitest';
import { parseDeb822Sources, parseListSources, sourcesForBootRelease } from '../../src/boot/apt-sources.ts';

const deb822 = `Types: deb
# an old snapshot
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
`;

const list = `# comment
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://old.example/debian/ bullseye main contrib # why
deb http://old.example/debian-security bullseye/updates main
deb-src http://old.example/debian bullseye main
deb [signed-by=/etc/apt/keyrings/vendor.gpg] https://vendor.example/debian bookworm main
deb https://vendor.example/apt bookworm stable
deb https://vendor.example/db bookworm-pgdg main
deb cdrom:[Debian 12]/ bookworm main
deb http://old.example/debian bullseye-backports main
`;

describe('parseDeb822Sources', () => {
  it('reads fields over several lines, skips what is off or for sources', () => {
    const sources = parseDeb822Sources(deb822);
    expect(sources.map(({ uris }) => uris)).toEqual([
      ['http://mirror.example/debian'],
      ['http://mirror.example/debian-security'],
    ]);
    expect(sources[1]?.signedBy).toBe('/usr/share/keyrings/debian-archive-keyring.gpg');
    expect(sources[0]?.suites).toEqual(['bookworm', 'bookworm-updates']);
  });
});

describe('parseListSources', () => {
  it('reads options and leaves comments out', () => {
    expect(parseListSources(list)[0]).toEqual({
      uris: ['http://old.example/debian/'],
      suites: ['bullseye'],
      components: ['main', 'contrib'],
      signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
    });
  });
});

describe('sourcesForBootRelease', () => {
  it('exchanges the release and keeps mirror and pockets', () => {
    expect(sourcesForBootRelease(parseDeb822Sources(deb822))).toBe(`Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`);
  });

  it('takes nothing of other vendors, from discs or from backports', () => {
    const text = sourcesForBootRelease(parseListSources(list));
    expect(text.match(/^URIs: .*$/gm)).toEqual([
      'URIs: http://old.example/debian/',
      'URIs: http://old.example/debian-security',
    ]);
    expect(text.match(/^Suites: .*$/gm)).toEqual(['Suites: trixie', 'Suites: trixie-security']);
  });

  it('prefers the named mirror, but has security updates from where the host has them', () => {
    const text = sourcesForBootRelease(parseDeb822Sources(deb822), 'http://near.example/debian');
    expect(text.match(/^URIs: .*$/gm)).toEqual([
      'URIs: http://near.example/debian',
      'URIs: http://mirror.example/debian-security',
    ]);
  });

  it('is empty when nothing of Debian is there', () => {
    expect(sourcesForBootRelease(parseListSources('deb https://vendor.example/apt jammy main\n'))).toBe('');
  });
});
