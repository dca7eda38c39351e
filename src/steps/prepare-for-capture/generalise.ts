import { BootwrightError } from '../../model/error.ts';
import type { StepContext } from '../../model/step.ts';
import type { InsideRoot } from '../inside-root.ts';
import { sshKeysUnit, sshKeysUnitPath, sshKeysWantedBy } from '../ssh-keys-unit.ts';
import { emptiedLogs, histories, type Trace, traces } from './traces.ts';

export interface Generalisation {
  readonly alsoRemove: readonly string[];
  /** The state of this very run lies on the volume: it has to stay, and is left out when the image is captured. */
  readonly keepsState: boolean;
}

/** Removes what tells this machine from others, and says so line by line. Returns how many things went. */
export async function generalise(inside: InsideRoot, what: Generalisation, log: StepContext['log']): Promise<number> {
  const { machine } = inside;
  let count = 0;
  for (const { what: name, places } of await findTraces(inside, what)) {
    for (const place of places) await machine.remove(place);
    if (places.length > 0) log('info', `Removed ${name}: ${shorten(places.map((place) => inside.own(place)))}.`);
    count += places.length;
  }
  count += await emptyLogs(inside, log);
  count += await clearMachineId(inside, log);
  const iscsi = await inside.place('/etc/iscsi/initiatorname.iscsi');
  if (iscsi !== undefined && (await inside.has('/etc/iscsi/initiatorname.iscsi'))) {
    // Debian's open-iscsi makes a name at its next start where it finds this line.
    await machine.writeFile(iscsi, 'GenerateName=yes\n', 0o600);
    log('info', 'The iSCSI initiator gets a new name at the next start.');
    count += 1;
  }
  await arrangeSshKeys(inside, log);
  return count;
}

/** What is there of all that has to go; empty after `generalise`. */
export async function findTraces(
  inside: InsideRoot,
  { alsoRemove, keepsState }: Generalisation,
): Promise<{ readonly what: string; readonly places: readonly string[] }[]> {
  const own: Trace[] = [
    ...traces,
    { what: 'histories', remove: (await homes(inside)).flatMap((home) => histories.map((name) => `${home}/${name}`)) },
    ...(keepsState ? [] : [{ what: 'an earlier run', remove: ['/_SMSTaskSequence'] }]),
    ...(alsoRemove.length === 0 ? [] : [{ what: 'what the sequence names', remove: alsoRemove }]),
  ];
  const found = [];
  for (const { what, remove, keep = [] } of own) {
    const places: string[] = [];
    for (const pattern of remove)
      for (const place of await inside.expand(pattern))
        if (!keep.includes(place.slice(place.lastIndexOf('/') + 1))) places.push(place);
    found.push({ what, places });
  }
  return found;
}

/** @throws BW-STEP-018 */
export async function verifyGeneralised(inside: InsideRoot, what: Generalisation): Promise<void> {
  const left = (await findTraces(inside, what)).flatMap(({ places }) => places.map((place) => inside.own(place)));
  const logs = (await logFiles(inside)).filter(({ sizeBytes }) => sizeBytes > 0).map(({ place }) => inside.own(place));
  const id = ((await inside.text('/etc/machine-id')) ?? '').trim();
  const remaining = [...left, ...logs, ...(id === '' ? [] : ['/etc/machine-id'])];
  if (remaining.length > 0)
    throw new BootwrightError('BW-STEP-018', `Still there when read back: ${shorten(remaining)}.`);
  if ((await needsSshKeys(inside)) && (await inside.text(sshKeysUnitPath)) !== sshKeysUnit)
    throw new BootwrightError('BW-STEP-018', `${sshKeysUnitPath} is not there when read back.`);
}

/** Empty, not missing: systemd makes a new id silently, where a missing file means a first boot with its questions. */
async function clearMachineId(inside: InsideRoot, log: StepContext['log']): Promise<number> {
  const place = await inside.place('/etc/machine-id');
  if (place !== undefined && ((await inside.text('/etc/machine-id')) ?? '').trim() !== '') {
    await inside.machine.writeFile(place, '', 0o444);
    log('info', 'Emptied /etc/machine-id.');
  }
  const bus = await inside.place('/var/lib/dbus/machine-id');
  if (bus === undefined || !(await inside.has('/var/lib/dbus/machine-id'))) return 1;
  // Usually a link to the other one, and right as it is.
  if ((await inside.machine.readLink(bus)) === undefined) await inside.machine.remove(bus);
  return 2;
}

/** Folders stay: services that log have them made once, with owners of their own. */
async function emptyLogs(inside: InsideRoot, log: StepContext['log']): Promise<number> {
  const files = await logFiles(inside);
  for (const { place, name } of files)
    if (emptiedLogs.has(name)) await inside.machine.empty(place);
    else await inside.machine.remove(place);
  if (files.length > 0) log('info', `Removed ${files.length} log files below /var/log.`);
  return files.length;
}

async function logFiles(inside: InsideRoot): Promise<{ place: string; name: string; sizeBytes: number }[]> {
  const top = await inside.end('/var/log');
  if (top === undefined) return [];
  return (await inside.machine.find(top))
    .filter(({ kind, path }) => kind === 'file' && !path.endsWith('/.gitkeep'))
    .map(({ path, sizeBytes }) => ({ place: `${top}${path}`, name: path.slice(path.lastIndexOf('/') + 1), sizeBytes }));
}

/** Home folders of people: of root and of accounts that log in. */
async function homes(inside: InsideRoot): Promise<string[]> {
  const lines = ((await inside.text('/etc/passwd')) ?? '').split('\n').map((line) => line.split(':'));
  const listed = lines
    .map(([, , , , , home = '']) => home)
    .filter((home) => /^\/(root|home\/.+|var\/home\/.+)$/.test(home));
  return [...new Set(['/root', ...listed])];
}

async function needsSshKeys(inside: InsideRoot): Promise<boolean> {
  return (await inside.has('/usr/sbin/sshd')) && (await inside.has('/usr/bin/ssh-keygen'));
}

/** No Debian system makes host keys by itself when they are missing: sshd would not start any more. */
async function arrangeSshKeys(inside: InsideRoot, log: StepContext['log']): Promise<void> {
  if (!(await needsSshKeys(inside))) return;
  const unit = await inside.place(sshKeysUnitPath);
  const wanted = await inside.place(sshKeysWantedBy);
  if (unit === undefined || wanted === undefined || !(await inside.has('/etc/systemd/system'))) {
    log(
      'warning',
      'SSH host keys were removed, and nothing makes new ones at the next start: the system has no systemd.',
    );
    return;
  }
  await inside.machine.writeFile(unit, sshKeysUnit);
  await inside.machine.link(sshKeysUnitPath, wanted);
  log('info', 'New SSH host keys will be made at the next start.');
}

function shorten(paths: readonly string[]): string {
  const shown = paths.slice(0, 6).join(', ');
  return paths.length > 6 ? `${shown} and ${paths.length - 6} more` : shown;
}
