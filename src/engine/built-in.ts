import type { Machine } from '../model/machine.ts';
import type { Policy } from '../model/policy.ts';
import type { TaskSequence } from '../model/sequence.ts';

/** Configuration Manager names none for capture media. */
const mediaTypes: Readonly<Record<Policy['mediaKind'], string>> = {
  standalone: 'FullMedia',
  capture: 'FullMedia',
  bootable: 'BootMedia',
  prestaged: 'OEMMedia',
};

/**
 * Read-only variables of every run (spec/variables.md section 1), refreshed after each restart. An empty text means
 * the variable is absent. What the medium decides can be overridden by the caller.
 */
export async function builtInVariables(
  machine: Machine,
  sequence: TaskSequence,
  organisation: string,
  mediaKind: Policy['mediaKind'] = 'standalone',
): Promise<Record<string, string>> {
  const facts = await machine.facts();
  return {
    _SMSTSInWinPE: String(machine.environment === 'boot'),
    _SMSTSBootUEFI: facts.firmware === 'uefi' ? 'true' : '',
    _TSSecureBoot: facts.firmware === 'bios' ? 'NA' : facts.secureBoot ? 'Enabled' : 'Disabled',
    _SMSTSMediaType: mediaTypes[mediaKind],
    _SMSTSLaunchMode: mediaKind === 'prestaged' ? 'HD' : 'CD',
    // What Configuration Manager reports on stand-alone media, where there is no deployment.
    _SMSTSPackageID: 'INMEM_TS',
    _SMSTSPackageName: sequence.name,
    _SMSTSType: '2',
    _SMSTSOrgName: organisation,
    _SMSTSBootImageID: sequence.bootImage ?? '',
    _SMSTSDownloadOnDemand: 'false',
    _SMSTSRunFromDP: 'false',
    _SMSTSMake: facts.make,
    _SMSTSModel: facts.model,
    _SMSTSSerialNumber: facts.serialNumber,
    _SMSTSAssetTag: facts.assetTag,
    _SMSTSUUID: facts.uuid,
    _SMSTSMacAddresses: facts.macAddresses.join(','),
  };
}
