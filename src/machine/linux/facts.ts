import { exists, readBytes } from '../../host/files.ts';
import type { MachineFacts } from '../../model/machine.ts';
import { namesIn, readValue } from './sysfs.ts';

const dmi = '/sys/class/dmi/id';
const secureBootVariable = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';

export async function readFacts(): Promise<MachineFacts> {
  const memory = /^MemTotal:\s+(\d+) kB/m.exec(await readValue('/proc/meminfo'))?.[1] ?? '0';
  // Four bytes of attributes, then the value.
  const secureBoot = await readBytes(secureBootVariable).catch(() => new Uint8Array());
  return {
    firmware: (await exists('/sys/firmware/efi')) ? 'uefi' : 'bios',
    secureBoot: secureBoot[4] === 1,
    architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
    make: await readValue(`${dmi}/sys_vendor`),
    model: await readValue(`${dmi}/product_name`),
    serialNumber: await readValue(`${dmi}/product_serial`),
    assetTag: await readValue(`${dmi}/chassis_asset_tag`),
    uuid: (await readValue(`${dmi}/product_uuid`)).toUpperCase(),
    memoryBytes: Number(memory) * 1024,
    macAddresses: await macAddresses(),
    tpm: await exists('/sys/class/tpm/tpm0'),
  };
}

/** Of real adapters; bridges, tunnels and the loopback have no `device`. */
async function macAddresses(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn('/sys/class/net'))
    if (await exists(`/sys/class/net/${name}/device`))
      found.push((await readValue(`/sys/class/net/${name}/address`)).toUpperCase());
  return found.filter((address) => address !== '');
}
