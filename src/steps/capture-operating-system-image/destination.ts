import { BootwrightError } from '../../model/error.ts';

/** Where an image goes. Folders begin with a slash and end without one; `file` is a name. */
export type Destination =
  | {
      readonly kind: 'smb' | 'nfs';
      readonly server: string;
      readonly port?: number;
      readonly folder: string;
      readonly file: string;
    }
  | { readonly kind: 'https'; readonly url: string; readonly file: string }
  | { readonly kind: 'volume'; readonly volume: string; readonly folder: string; readonly file: string };

/** Configuration Manager's own limit. */
const longest = 255;

/**
 * Reads `\\server\share\folder\name.wim` (also with slashes), `nfs://server/exported/folder/name.wim`,
 * `https://server/…/name.wim`, `LABEL=NAME/folder/name.wim`, `PARTUUID=…/…` or `/dev/sdb1/…`. Without a name at the end
 * the image's own is taken. Pure. @throws BW-STEP-111
 */
export function parseDestination(text: string, imageName: string): Destination {
  const given = text.trim();
  if (given === '') throw refused('no destination is named');
  if (given.length > longest) throw refused(`it has more than ${longest} characters`);
  if (/[\u0000-\u001f]/.test(given)) throw refused('it holds control characters');
  const own = `${imageName.replace(/[^\w.() -]+/gu, '-').replace(/^[-. ]+|[-. ]+$/g, '') || 'image'}.wim`;
  if (/^https:/i.test(given)) return web(given, own);
  const address = given.replaceAll('\\', '/');
  const network = /^(?:(smb|nfs):)?\/\/([^/:[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(\/.*)$/i.exec(address);
  if (network !== null) {
    const [, scheme = 'smb', server = '', port, path = ''] = network;
    const kind = scheme.toLowerCase() === 'nfs' ? 'nfs' : 'smb';
    const place = split(path, own);
    if (place.folder === '') throw refused(kind === 'smb' ? 'it names no share' : 'it names no exported folder');
    return { kind, server, ...(port === undefined ? {} : { port: Number(port) }), ...place };
  }
  const volume = /^((?:LABEL|PARTUUID)=[^/]+|\/dev\/[^/]+)(\/.*)?$/.exec(given);
  if (volume !== null) return { kind: 'volume', volume: volume[1] ?? '', ...split(volume[2] ?? '/', own) };
  throw refused(`"${given}" is none of the known forms`);
}

/** Whether a destination needs a network before anything is captured. */
export function needsNetwork({ kind }: Destination): boolean {
  return kind !== 'volume';
}

export function describeDestination(destination: Destination): string {
  switch (destination.kind) {
    case 'https':
      return destination.url;
    case 'volume':
      return `${destination.folder}/${destination.file} on ${destination.volume}`;
    case 'nfs':
      return `nfs://${destination.server}${destination.folder}/${destination.file}`;
    case 'smb':
      return `//${destination.server}${destination.folder}/${destination.file}`;
  }
}

function web(given: string, own: string): Destination {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refused('it is not a plain https address without user, query or fragment');
  const { folder, file } = split(decodeURIComponent(url.pathname), own);
  // A server of ours is enough: its images have one place.
  url.pathname = folder === '' && file === own ? `/v1/captures/${encodeURIComponent(own)}` : url.pathname;
  return { kind: 'https', url: url.href, file };
}

function split(path: string, own: string): { folder: string; file: string } {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused('it holds ".."');
  const last = parts.at(-1) ?? '';
  const isFile = /\.wim$/i.test(last) && !path.endsWith('/');
  const folders = isFile ? parts.slice(0, -1) : parts;
  return { folder: folders.map((part) => `/${part}`).join(''), file: isFile ? last : own };
}

function refused(reason: string): BootwrightError {
  return new BootwrightError('BW-STEP-111', `The image has nowhere to go: ${reason}. Nothing was captured.`);
}
