/** One stanza of apt's sources, whichever of the two forms it was written in. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy?: string;
}

/** The Debian release boot images are made of, whatever the host runs. */
export const bootRelease = 'trixie';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const debianSuite =
  /^(?:(?:old)*stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)(-security|\/updates|-updates|-proposed-updates|-backports(?:-sloppy)?)?$/;

/** Reads a `.sources` file (deb822); disabled stanzas and those for source packages only are left out. */
export function parseDeb822Sources(text: string): AptSource[] {
  return text
    .split(/\n[ \t]*(?:\n|$)/)
    .map(fieldsOf)
    .filter((fields) => words(fields.get('types')).includes('deb') && fields.get('enabled')?.toLowerCase() !== 'no')
    .map((fields) => {
      const signedBy = fields.get('signed-by');
      return {
        uris: words(fields.get('uris')),
        suites: words(fields.get('suites')),
        components: words(fields.get('components')),
        ...(signedBy === undefined ? {} : { signedBy }),
      };
    });
}

/** Reads a `.list` file (one line per source). */
export function parseListSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^#\s]+)*)/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [
      {
        uris: [uri],
        suites: [suite],
        components: words(components),
        ...(signedBy === undefined ? {} : { signedBy }),
      },
    ];
  });
}

/**
 * The host's Debian sources with the release exchanged, as deb822. Other vendors' are left out: they are not signed by
 * Debian's keys, and the result only trusts those. Empty when nothing of Debian's is among them.
 */
export function sourcesForBootRelease(sources: readonly AptSource[], mirror?: string): string {
  const stanzas = new Map<string, Set<string>>();
  const add = (uri: string, suite: string): void => {
    stanzas.set(uri, (stanzas.get(uri) ?? new Set()).add(suite));
  };
  if (mirror !== undefined) {
    add(mirror, bootRelease);
    add(mirror, `${bootRelease}-updates`);
  }
  for (const source of sources) {
    if (!source.components.includes('main')) continue;
    if (source.signedBy !== undefined && !source.signedBy.includes('debian-archive')) continue;
    for (const uri of source.uris) {
      if (uri.startsWith('cdrom:')) continue;
      for (const suite of source.suites) {
        const exchanged = exchange(suite);
        if (exchanged === undefined) continue;
        if (mirror !== undefined && !exchanged.endsWith('-security')) continue;
        add(uri, exchanged);
      }
    }
  }
  return [...stanzas]
    .map(
      ([uri, suites]) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${[...suites].join(' ')}\nComponents: main non-free-firmware\nSigned-By: ${keyring}\n`,
    )
    .join('\n');
}

function exchange(suite: string): string | undefined {
  const match = debianSuite.exec(suite);
  if (match === null) return undefined;
  const pocket = match[1] ?? '';
  if (pocket === '' || pocket === '-updates') return bootRelease + pocket;
  // "/updates" is how the security suite was called up to Debian 10.
  return pocket === '-security' || pocket === '/updates' ? `${bootRelease}-security` : undefined;
}

function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const start = /^([^\s:]+):\s*(.*)$/.exec(line);
    if (start !== null) {
      last = (start[1] ?? '').toLowerCase();
      fields.set(last, (start[2] ?? '').trim());
    } else if (last !== undefined && /^[ \t]/.test(line)) {
      fields.set(last, `${fields.get(last)} ${line.trim()}`.trim());
    }
  }
  return fields;
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
