import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resumeWith } from '../../../src/agent/online/interrupted.ts';
import { diskEntry } from '../../../src/agent/online/leave-to-disk.ts';
import { modelKeys, recordMachine } from '../../../src/agent/online/machine-record.ts';
import { needsNobody, startsByItself } from '../../../src/agent/online/offers.ts';
import { agentPaths } from '../../../src/agent/paths.ts';
import { parseFixedAddress, parseProxy, parseVlan } from '../../../src/model/network.ts';
import { newKey } from '../medium-tree.ts';
import { scripted } from '../scripted.ts';
import { onlinePolicy } from './online-run.ts';
import { anOffer } from './site-server.ts';

describe('what starts by itself', () => {
  const available = anOffer();
  const required = anOffer({ deployment: 'DEP2', purpose: 'required' });
  const hidden = anOffer({ deployment: 'DEP3', hidden: true, purpose: 'required' });
  it.each([
    ['the only one', [available], undefined, 'DEP1'],
    ['nothing of several', [available, anOffer({ deployment: 'DEP4' })], undefined, undefined],
    ['the required one', [available, required], undefined, 'DEP2'],
    ['nothing hidden', [hidden], undefined, undefined],
    ['the preferred one, hidden or not', [available, required, hidden], 'dep3', 'DEP3'],
    ['the required one when the preferred one is not there', [available, required], 'DEP9', 'DEP2'],
  ])('is %s', (_, offers, preferred, expected) => {
    expect(startsByItself(offers, preferred)?.deployment).toBe(expected);
  });
});

describe('a TPM that released some of the offers', () => {
  const [first, second] = [anOffer(), anOffer({ deployment: 'DEP2' })];
  const required = anOffer({ deployment: 'DEP3', purpose: 'required' });
  const hidden = anOffer({ deployment: 'DEP4', hidden: true });
  it.each([
    ['needs nobody for all that can be chosen', [first, second, hidden], undefined, ['DEP1', 'DEP2'], true],
    ['needs somebody while one of them is not released', [first, second], undefined, ['DEP1'], false],
    ['needs nobody for what starts by itself', [first, required], undefined, ['DEP3'], true],
    ['needs somebody for what starts by itself', [first, required], undefined, ['DEP1'], false],
    ['needs nobody for the preferred one', [first, second, hidden], 'DEP4', ['DEP4'], true],
    ['needs somebody where there is nothing', [], undefined, ['DEP1'], false],
  ])('%s', (_, offers, preferred, released, expected) => {
    expect(needsNobody(offers, preferred, new Set(released))).toBe(expected);
  });
});

describe('a typed address', () => {
  it.each([
    [
      '192.0.2.10/24 192.0.2.1 192.0.2.53',
      { address: '192.0.2.10/24', gateway: '192.0.2.1', nameServer: '192.0.2.53' },
    ],
    ['2001:db8::10/64', { address: '2001:db8::10/64', gateway: '', nameServer: '' }],
    ['192.0.2.10', undefined],
    ['192.0.2.10/33 192.0.2.1', undefined],
    ['192.0.2.256/24', undefined],
    ['192.0.2.10/24 -h', undefined],
    ['2001:db8::1::2/64', undefined],
    ['192.0.2.10/24 192.0.2.1 192.0.2.53 more', undefined],
  ])('%s', (typed, expected) => {
    expect(parseFixedAddress(typed)).toEqual(expected);
  });
});

it.each([
  ['proxy.example.org:3128', 'http://proxy.example.org:3128'],
  [' http://192.0.2.1:8080/ ', 'http://192.0.2.1:8080'],
  ['[2001:db8::1]:3128', 'http://[2001:db8::1]:3128'],
  ['proxy', 'http://proxy:80'],
  ['https://proxy:3128', undefined],
  ['user:secret@proxy:3128', undefined],
  ['proxy:3128/path', undefined],
  ['proxy:99999', undefined],
  ['', undefined],
])('a typed proxy %j is %j', (typed, expected) => {
  expect(parseProxy(typed)).toBe(expected);
});

it.each([
  ['20', 20],
  [' 4094 ', 4094],
  ['0', undefined],
  ['4095', undefined],
  ['2x', undefined],
])('a typed VLAN %j is %j', (typed, expected) => {
  expect(parseVlan(typed)).toBe(expected);
});

describe('model keys', () => {
  it.each([
    [{ maker: 'Dell Inc.', sku: '0a2b' }, 'Dell:0A2B'],
    [{ maker: 'LENOVO', product: '21CBCTO1WW' }, 'LENOVO:21CB'],
    [{ maker: 'Hewlett-Packard', board: '8549' }, 'HP:8549'],
    [{ maker: 'HP', board: '8549' }, 'HP:8549'],
    [{ maker: 'QEMU', product: 'Standard PC' }, undefined],
    [{ maker: 'Dell Inc.' }, undefined],
  ])('%j', (names, expected) => {
    expect(modelKeys({ ...{ product: '', sku: '', board: '' }, ...names })[0]).toBe(expected);
  });
});

it('the record names adapters with their driver and link, and ids without doubles', async () => {
  const root = await mkdtemp(join(tmpdir(), 'record-'));
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  };
  for (const slot of ['0000:00:1f.0', '0000:00:1f.1']) {
    await put(`sys/bus/pci/devices/${slot}/vendor`, '0x8086');
    await put(`sys/bus/pci/devices/${slot}/device`, '0x15F3');
  }
  await put('sys/bus/usb/devices/1-1/idVendor', '046d');
  await put('sys/bus/usb/devices/1-1/idProduct', 'c31c');
  await put('sys/bus/usb/devices/1-1:1.0/bInterfaceClass', '03');
  await put('sys/class/net/eth0/address', '52:54:00:ab:cd:ef');
  await put('sys/class/net/eth0/carrier', '1');
  await mkdir(join(root, 'sys/class/net/eth0/device'), { recursive: true });
  await mkdir(join(root, 'sys/drivers/e1000e'), { recursive: true });
  await symlink(join(root, 'sys/drivers/e1000e'), join(root, 'sys/class/net/eth0/device/driver'));
  await put('sys/class/net/lo/address', '00:00:00:00:00:00');
  await put('sys/class/dmi/id/sys_vendor', 'LENOVO');
  await put('sys/class/dmi/id/product_name', '21CBCTO1WW');
  const { context } = scripted([]);
  const machine = { ...context.machine, facts: async () => ({}) as never, disks: async () => [] };
  const record = await recordMachine({ machine, paths: agentPaths('boot', root) });
  expect(record).toMatchObject({
    pciDevices: ['8086:15f3'],
    usbDevices: ['046d:c31c'],
    modelKeys: ['LENOVO:21CB'],
    adapters: [{ name: 'eth0', mac: '52:54:00:AB:CD:EF', driver: 'e1000e', link: true }],
  });
  expect(record.adapters).toHaveLength(1);
  await rm(root, { recursive: true });
});

it('the firmware is sent to the first entry of its order that lies on a disk of this machine', () => {
  const own = '0f6a6a3c-1111-2222-3333-444455556666';
  const listing = [
    'BootCurrent: 0001',
    'BootOrder: 0001,0004,0002,0003',
    'Boot0001* UEFI Stick\tPciRoot(0x0)/USB(1,0)/HD(1,GPT,aaaaaaaa-0000-0000-0000-000000000000,0x800,0x1000)',
    `Boot0002* Windows Boot Manager\tHD(1,GPT,${own.toUpperCase()},0x800,0x32000)/File(x)`,
    `Boot0003* debian\tHD(1,GPT,${own},0x800,0x32000)/File(y)`,
    'Boot0004* UEFI PXE\tPciRoot(0x0)/MAC(525400abcdef,1)',
  ].join('\n');
  expect(diskEntry(listing, [own])).toBe('0002');
  expect(diskEntry(listing, [])).toBeUndefined();
});

describe('a run that goes on without a TPM', () => {
  const policy = onlinePolicy(newKey(), {
    secrets: { join: 'topsecret' },
    variables: [{ name: 'JoinPassword', value: { $secret: 'join' }, hidden: true }],
  });
  const earlier = (hidden: readonly string[], plain = {}): Parameters<typeof resumeWith>[0] =>
    ({ run: { saved: { state: { hidden } }, plain }, kept: undefined, reports: undefined }) as never;

  it('takes hidden variables from the policy, and newer values from what was left', () => {
    expect(resumeWith(earlier(['joinpassword']), policy).secrets).toEqual({ JoinPassword: 'topsecret' });
    expect(resumeWith(earlier(['X'], { X: '1' }), policy).secrets).toMatchObject({ X: '1' });
  });

  it('does not go on with empty ones', () => {
    expect(() => resumeWith(earlier(['SetByAStep']), policy)).toThrow(/SetByAStep/);
  });
});
