/** Page files, hibernation, restore points, recycle bins: Windows makes them anew. */
const windows: readonly string[] = [
  ...['/$ntfs.log', '/hiberfil.sys', '/pagefile.sys', '/swapfile.sys', '/System Volume Information'],
  ...['/RECYCLER', '/$RECYCLE.BIN', '/$Recycle.Bin', '/Windows/CSC', '/$WINDOWS.~BT', '/$Windows.~WS'],
  ...['/Windows/Temp/*', '/Windows/SoftwareDistribution/Download/*', '/Windows/Prefetch/*', '/Windows/MEMORY.DMP'],
];

/** What is there only while a system runs, or only for its next start; packages that were fetched are fetched again. */
const linux: readonly string[] = [
  ...['/lost+found', '/proc/*', '/sys/*', '/dev/*', '/run/*', '/tmp/*', '/tmp/.*', '/var/tmp/*', '/var/tmp/.*'],
  ...['/swapfile', '/swap.img', '/swap', '/var/swap', '/var/cache/apt/archives/*.deb', '/var/cache/apt/*.bin'],
  ...['/var/cache/dnf/*', '/var/cache/yum/*', '/var/lib/systemd/coredump/*'],
];

/** Of a run that goes on while the image is captured: state, agent, and what starts it. */
const ours: readonly string[] = [
  '/_SMSTaskSequence',
  '/etc/systemd/system/bootwright-agent.service',
  '/etc/systemd/system/multi-user.target.wants/bootwright-agent.service',
];

export function exclusions(fileSystem: string, fstab: string, more: readonly string[]): string[] {
  const own = fileSystem === 'ntfs' ? windows : fileSystem === 'vfat' ? windows.slice(0, 8) : linux;
  return [...new Set([...own, ...ours, ...swapFiles(fstab), ...more])];
}

/** Files the system swaps to: as large as its memory, and full of what was in it. */
function swapFiles(fstab: string): string[] {
  return fstab.split('\n').flatMap((line) => {
    const [source = '', , type = ''] = line.trim().split(/\s+/);
    return type === 'swap' && source.startsWith('/') && !source.startsWith('/dev/') ? [source] : [];
  });
}
