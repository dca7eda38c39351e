import { BootwrightError } from '../../model/error.ts';
import { InsideRoot } from '../inside-root.ts';

/**
 * A member of a domain keeps a machine account's secret: every machine made from its image would be the same member,
 * and none of them would stay one. @throws BW-STEP-112
 */
export async function refuseDomainMember(inside: InsideRoot): Promise<void> {
  const signs: string[] = [];
  if (await inside.has('/etc/krb5.keytab')) signs.push('/etc/krb5.keytab holds the key of a machine account');
  const sssd = await inside.text('/etc/sssd/sssd.conf');
  if (sssd !== undefined && /^\s*id_provider\s*=\s*(ad|ipa)\b/im.test(sssd))
    signs.push('/etc/sssd/sssd.conf names a domain');
  const samba = await inside.text('/etc/samba/smb.conf');
  if (samba !== undefined && /^\s*security\s*=\s*(ads|domain)\b/im.test(samba))
    signs.push('/etc/samba/smb.conf joins a domain (winbind)');
  if (await inside.has('/etc/ipa/default.conf')) signs.push('/etc/ipa/default.conf names an IPA server');
  if (await inside.has('/var/lib/pbis/db/registry.db')) signs.push('/var/lib/pbis holds a joined domain');
  if (await inside.has('/etc/centrifydc/centrifydc.conf')) signs.push('/etc/centrifydc holds a joined domain');
  if (signs.length === 0) return;
  throw new BootwrightError(
    'BW-STEP-112',
    `The system is a member of a domain: ${signs.join('; ')}. Nothing was changed.`,
    { fix: 'Start the reference machine, leave the domain there (realm leave, net ads leave), and capture again.' },
  );
}

/**
 * Windows is generalised by its own Sysprep, in Windows. What Sysprep left says whether it was done; afterwards
 * Windows must not have been started. @throws BW-STEP-112
 */
export async function refuseUnpreparedWindows(root: InsideRoot): Promise<void> {
  const inside = new InsideRoot(root.machine, root.root, { ignoreCase: true });
  const file = '/Windows/Setup/State/State.ini';
  const state = /^\s*ImageState\s*=\s*(\S+)/im.exec((await inside.text(file)) ?? '')?.[1] ?? '';
  if (!/^IMAGE_STATE_GENERALIZE_RESEAL_TO_(OOBE|AUDIT)$/i.test(state))
    throw new BootwrightError(
      'BW-STEP-112',
      `Windows was not prepared by Sysprep: ${state === '' ? `${file} says nothing about it` : `its state is ${state}`}. Nothing was changed.`,
      { fix: 'Start Windows, run sysprep /generalize /oobe /shutdown, and start this medium before Windows starts.' },
    );
  const hibernation = await inside.place('/hiberfil.sys');
  if (hibernation === undefined || !(await inside.has('/hiberfil.sys'))) return;
  // Only its beginning: the file is as large as the memory.
  const { output } = await inside.machine.command({ command: ['head', '-c', '4', hibernation] });
  if (/^(hibr|rstr|wake)/i.test(output))
    throw new BootwrightError(
      'BW-STEP-112',
      'Windows is hibernated: its volume is not complete. Nothing was changed.',
      {
        fix: 'Start Windows and shut it down with: shutdown /s /t 0, then run Sysprep again.',
      },
    );
}
