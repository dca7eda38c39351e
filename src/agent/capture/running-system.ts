import { BootwrightError } from '../../model/error.ts';
import type { FixedAddress, NetworkSettings } from '../../model/network.ts';
import { captureObstacle } from '../../steps/reference-system/find.ts';

/** One line of `/proc/1/mounts`. */
interface Mount {
  readonly source: string;
  readonly folder: string;
  readonly type: string;
}

/** The last one mounted at a place is the one that is seen. Pure. */
function mountAt(mounts: string, folder: string): Mount | undefined {
  return mounts
    .split('\n')
    .map((line) => {
      const [source = '', place = '', type = ''] = line.split(' ');
      return { source, folder: place, type };
    })
    .findLast((mount) => mount.folder === folder);
}

/**
 * The device the running system lies on. Here and not after a restart is the time to say that it cannot be captured.
 *
 * @throws BW-AGENT-181
 */
export function systemDevice(mounts: string): string {
  const { source = '', type = '' } = mountAt(mounts, '/') ?? {};
  const kind = source.startsWith('/dev/mapper/') || source.startsWith('/dev/dm-') ? 'is part of LVM, or encrypted' : '';
  const obstacle = captureObstacle(type) ?? (['ext4', 'xfs'].includes(type) ? undefined : `has ${type || 'no'} files`);
  const why = [kind, obstacle, source.startsWith('/dev/') ? undefined : 'is no partition'].find(Boolean);
  if (why === undefined) return source;
  throw new BootwrightError(
    'BW-AGENT-181',
    `The system that runs here cannot be captured: ${source || 'its volume'} ${why}. Nothing was changed.`,
  );
}

/**
 * The medium has to be there still when the system no longer runs: a drive or a stick, not a file of the system.
 *
 * @throws BW-AGENT-182
 */
export function refuseVolatileMedium(mounts: string, medium: string): void {
  const { source = '' } = mountAt(mounts, medium) ?? {};
  if (source.startsWith('/dev/') && !/^\/dev\/(loop|dm-|mapper|ram|zram)/.test(source)) return;
  throw new BootwrightError(
    'BW-AGENT-182',
    `The medium lies on ${source || 'nothing that is mounted'}, which is gone when this system no longer runs. Nothing was changed.`,
  );
}

/** What `ip -4 -o addr show`, `ip -4 route show default` and resolv.conf say. */
interface NetworkTexts {
  readonly addresses: string;
  readonly routes: string;
  readonly resolver: string;
}

/**
 * A static address goes along into the boot environment; what has a lease gets one there too. Told apart by the kernel:
 * addresses that end some day are `dynamic`. Pure.
 */
export function networkOf(
  { addresses, routes, resolver }: NetworkTexts,
  mac: (name: string) => string,
): NetworkSettings {
  const [, gateway = '', device = ''] = /^default via (\S+) dev (\S+)/m.exec(routes) ?? [];
  const lines = addresses.split('\n').map((line) => /^\d+: (\S+)\s+inet (\S+) (.*)$/.exec(line) ?? []);
  const [, name = '', address = ''] =
    lines.find(([, adapter, , rest = '']) => adapter === device && !/\bdynamic\b/.test(rest)) ?? [];
  if (name === '' || mac(name) === '') return {};
  const nameServer = /^nameserver ((?!127\.)[\d.]+)\s*$/m.exec(resolver)?.[1] ?? '';
  const fixed: FixedAddress = { address, gateway, nameServer };
  return { adapter: mac(name), fixed };
}
