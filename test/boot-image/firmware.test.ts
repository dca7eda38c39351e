import { describe, expect, it } from 'vitest';
import { missingFirmware, selectFirmware } from '../../src/boot/firmware.ts';

const facts = [
  { module: 'iwlwifi', firmware: ['iwlwifi-bz-b0-93.ucode', 'iwlwifi-old-17.ucode'] },
  { module: 'tg3', firmware: ['tigon/tg3.bin'] },
  { module: 'brcmfmac', firmware: ['brcm/brcmfmac*-pcie.*.bin'] },
];

describe('selectFirmware', () => {
  it('keeps of Intel’s Wi-Fi the newest version the driver can use', () => {
    const files = [
      'iwlwifi-bz-b0-92.ucode',
      'iwlwifi-bz-b0-93.ucode',
      'iwlwifi-bz-b0-96.ucode',
      'iwlwifi-other-50.ucode',
    ];
    expect(selectFirmware(files, facts)).toEqual(['iwlwifi-bz-b0-93.ucode']);
  });

  it('keeps an older one when the named one is not there', () => {
    expect(selectFirmware(['iwlwifi-bz-b0-90.ucode', 'iwlwifi-bz-b0-89.ucode'], facts)).toEqual([
      'iwlwifi-bz-b0-90.ucode',
    ]);
  });

  it('leaves out graphics, sound, Bluetooth and routers', () => {
    const unwanted = [
      'amdgpu/a.bin',
      'intel/ibt-1.sfi',
      'mediatek/mt7922/BT_RAM_CODE.bin',
      'ath11k/IPQ8074/x',
      'rtl_bt/y',
    ];
    expect(selectFirmware([...unwanted, 'tigon/tg3.bin', 'intel/ice/ddp/ice.pkg'], facts)).toEqual([
      'intel/ice/ddp/ice.pkg',
      'tigon/tg3.bin',
    ]);
  });
});

describe('missingFirmware', () => {
  it('names what is absent per module and takes wildcards and any Intel version', () => {
    expect(missingFirmware(facts, ['iwlwifi-bz-b0-90.ucode', 'brcm/brcmfmac4356-pcie.acme.bin.xz'])).toEqual({
      iwlwifi: ['iwlwifi-old-17.ucode'],
      tg3: ['tigon/tg3.bin'],
    });
  });

  it('is empty when all is there', () => {
    expect(missingFirmware([facts[1]!], ['tigon/tg3.bin'])).toEqual({});
  });
});
