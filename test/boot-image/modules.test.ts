import { describe, expect, it } from 'vitest';
import {
  hardwareIds,
  isSignedModule,
  moduleName,
  parseModinfo,
  parseModuleDependencies,
  selectModules,
} from '../../src/boot/modules.ts';

const tree = parseModuleDependencies(
  [
    'kernel/drivers/nvme/host/nvme.ko.xz: kernel/drivers/nvme/host/nvme-core.ko.xz',
    'kernel/drivers/nvme/host/nvme-core.ko.xz:',
    'kernel/drivers/nvme/target/nvmet.ko.xz: kernel/drivers/nvme/host/nvme-core.ko.xz',
    'kernel/drivers/hid/hid-sensor.ko.xz: kernel/drivers/iio/industrialio.ko.xz kernel/drivers/hid/hid.ko.xz',
    'kernel/drivers/hid/hid.ko.xz:',
    'kernel/drivers/iio/industrialio.ko.xz:',
    'kernel/drivers/iio/light/als.ko.xz: kernel/drivers/iio/industrialio.ko.xz',
    'updates/vendor.ko: kernel/drivers/hid/hid.ko.xz',
    '',
  ].join('\n'),
);

describe('selectModules', () => {
  it('takes a module by name with what it needs, and nothing beside it', () => {
    expect(selectModules(tree, ['drivers/nvme/host/nvme']).paths).toEqual([
      'kernel/drivers/nvme/host/nvme-core.ko.xz',
      'kernel/drivers/nvme/host/nvme.ko.xz',
    ]);
  });

  it('keeps what a wanted module needs even in an unwanted folder', () => {
    const { paths } = selectModules(tree, [''], ['drivers/iio/']);
    expect(paths).toContain('kernel/drivers/iio/industrialio.ko.xz');
    expect(paths).not.toContain('kernel/drivers/iio/light/als.ko.xz');
    expect(paths).toContain('updates/vendor.ko');
  });

  it('names places that match nothing, so that a renamed driver is noticed', () => {
    expect(selectModules(tree, ['drivers/hid/', 'drivers/gone/']).unmatched).toEqual(['drivers/gone/']);
  });
});

describe('hardwareIds', () => {
  const alias = `# Aliases extracted from modules themselves.
alias pci:v00008086d000015FBsv*sd*bc*sc*i* e1000e
alias pci:v00008086d000015FBsv*sd*bc*sc*i* e1000e
alias pci:v*d*sv*sd*bc01sc06i01* ahci
alias usb:v0BDAp8153d*dc*dsc*dp*icFFisc*ip*in* r8152
alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb_storage
alias acpi*:PNP0F13:* psmouse
`;
  it('reads devices and classes, each once', () => {
    expect(hardwareIds(alias, '')).toEqual([
      { bus: 'pci', vendor: '*', device: '*', class: '010601', module: 'ahci' },
      { bus: 'pci', vendor: '8086', device: '15fb', module: 'e1000e' },
      { bus: 'usb', vendor: '*', device: '*', class: '080650', module: 'usb_storage' },
      { bus: 'usb', vendor: '0bda', device: '8153', module: 'r8152' },
    ]);
  });

  it('knows drivers that are built into the kernel', () => {
    const builtin = 'virtio_pci.license=GPL\0virtio_pci.alias=pci:v00001AF4d*sv*sd*bc*sc*i*\0';
    expect(hardwareIds('', builtin)).toEqual([{ bus: 'pci', vendor: '1af4', device: '*', module: 'virtio_pci' }]);
  });
});

describe('modules', () => {
  it('are named as the kernel names them', () => {
    expect(moduleName('kernel/drivers/usb/storage/usb-storage.ko.xz')).toBe('usb_storage');
  });

  it('tell their firmware', () => {
    const text = `filename:       /x/iwlwifi.ko.xz
firmware:       iwlwifi-a-1.ucode
alias:          pci:v1
firmware:       iwlwifi-b-2.ucode
filename:       /x/loop.ko
license:        GPL
`;
    expect(parseModinfo(text)).toEqual([
      { module: 'iwlwifi', firmware: ['iwlwifi-a-1.ucode', 'iwlwifi-b-2.ucode'] },
      { module: 'loop', firmware: [] },
    ]);
  });

  it('are signed only with the trailer at the very end', () => {
    const trailer = '~Module signature appended~\n';
    expect(isSignedModule(Buffer.from(`ELF${trailer}`))).toBe(true);
    expect(isSignedModule(Buffer.from(`ELF${trailer}x`))).toBe(false);
    expect(isSignedModule(Buffer.from('ELF'))).toBe(false);
  });
});
