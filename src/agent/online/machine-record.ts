import { interfaceAddresses } from '../../host/interface-addresses.ts';
import { namesIn, readValue, realPlace } from '../../machine/linux/sysfs.ts';
import type { MachineRecord, NetworkAdapter } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';

/** Everything the agent can say about this machine. */
export async function recordMachine({
  machine,
  paths,
}: Pick<AgentContext, 'machine' | 'paths'>): Promise<MachineRecord> {
  const system = `${paths.root}/sys`.replace(/^\/+/, '/');
  return {
    facts: await machine.facts(),
    disks: await machine.disks(),
    adapters: await readAdapters(system),
    pciDevices: await readIds(`${system}/bus/pci/devices`, 'vendor', 'device'),
    usbDevices: await readIds(`${system}/bus/usb/devices`, 'idVendor', 'idProduct'),
    modelKeys: modelKeys(await readNames(`${system}/class/dmi/id`)),
  };
}

/** Real ones: bridges, tunnels and the loopback have no `device`. */
export async function readAdapters(system: string): Promise<NetworkAdapter[]> {
  const found: NetworkAdapter[] = [];
  for (const name of await namesIn(`${system}/class/net`)) {
    const folder = `${system}/class/net/${name}`;
    if ((await realPlace(`${folder}/device`)) === '') continue;
    found.push({
      name,
      mac: (await readValue(`${folder}/address`)).toUpperCase(),
      driver: (await realPlace(`${folder}/device/driver`)).split('/').at(-1) ?? '',
      addresses: interfaceAddresses(name),
      link: (await readValue(`${folder}/carrier`)) === '1',
    });
  }
  return found;
}

async function readIds(folder: string, vendor: string, device: string): Promise<string[]> {
  const found = new Set<string>();
  for (const name of await namesIn(folder)) {
    const ids = [await readValue(`${folder}/${name}/${vendor}`), await readValue(`${folder}/${name}/${device}`)];
    // Interfaces and hubs' ports lie in the same folder and have no ids.
    if (ids.every((id) => id !== '')) found.add(ids.map((id) => id.replace(/^0x/, '').toLowerCase()).join(':'));
  }
  return [...found].sort();
}

export interface FirmwareNames {
  readonly maker: string;
  readonly product: string;
  readonly sku: string;
  readonly board: string;
}

async function readNames(folder: string): Promise<FirmwareNames> {
  return {
    maker: await readValue(`${folder}/sys_vendor`),
    product: await readValue(`${folder}/product_name`),
    sku: await readValue(`${folder}/product_sku`),
    board: await readValue(`${folder}/board_name`),
  };
}

/** What makers sort their driver packs by: Dell the SKU, Lenovo the machine type, HP the board. */
export function modelKeys({ maker, product, sku, board }: FirmwareNames): string[] {
  const [name, key] = /^dell/i.test(maker)
    ? ['Dell', sku]
    : /^lenovo/i.test(maker)
      ? ['LENOVO', product.slice(0, 4)]
      : /^(hp|hewlett)/i.test(maker)
        ? ['HP', board]
        : ['', ''];
  return key === '' ? [] : [`${name}:${key.toUpperCase()}`];
}
