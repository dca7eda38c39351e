import { cacheFolder } from '../host/cache-folder.ts';
import { monotonicMilliseconds, now, sourceDateEpoch } from '../host/clock.ts';
import {
  copyFile,
  hashFile,
  listFiles,
  mkdir,
  rename,
  rm,
  sizeOf,
  withScratch,
  writeAtomically,
} from '../host/files.ts';
import type { BootImage } from '../model/boot-image.ts';
import type { Progress } from '../model/progress.ts';
import { protocolVersion } from '../model/protocol.ts';
import { firmwareLinks, firmwarePackages, lockedPackages, packageNames } from './contents.ts';
import { DebianTools } from './debian-tools.ts';
import { addDrivers } from './drivers.ts';
import { missingFirmware, selectFirmware } from './firmware.ts';
import { buildInitramfs } from './initramfs.ts';
import { firmwareFiles, initramfsSelection, kernelVersion, modinfo, readKernel, rootSelection } from './kernel.ts';
import { prepareLoaders } from './loaders.ts';
import { makeLocked } from './locked.ts';
import { hardwareIds, parseModinfo } from './modules.ts';
import { programId } from './own-parts.ts';
import { type DebianPackage, obtainPackages, unpackPackages } from './packages.ts';
import { readBootImage } from './read.ts';
import {
  type BootImageRequest,
  checkRequest,
  extraFirmwarePackages,
  firmwareFolders,
  inputId,
  isPlain,
} from './request.ts';
import { buildRoot } from './root.ts';

export interface BootImageResult {
  readonly image: BootImage;
  /** Nothing had changed, so nothing was built. */
  readonly reused: boolean;
  readonly seconds: number;
}

/**
 * Builds a boot image, or finds that the one in the folder is what would come out. Needs no root. Equal inputs give
 * equal bytes.
 *
 * @throws BW-BOOT-001 to -005, -008, -009
 */
export async function buildBootImage(
  request: BootImageRequest,
  progress: Progress,
  signal?: AbortSignal,
): Promise<BootImageResult> {
  const started = monotonicMilliseconds();
  await checkRequest(request);
  const store = request.store ?? cacheFolder('packages');
  await mkdir(request.folder, { recursive: true });
  return withScratch(async (scratch) => {
    const packages = await obtainPackages(
      {
        names: packagesOf(request),
        architecture: 'amd64',
        store,
        scratch,
        ...(request.mirror === undefined ? {} : { mirror: request.mirror }),
        ...(signal === undefined ? {} : { signal }),
      },
      request.packageLock,
      progress,
    );
    const id = await inputId(request, packages);
    const before = await readBootImage(request.folder).catch(() => undefined);
    const seconds = (): number => (monotonicMilliseconds() - started) / 1000;
    if (before?.id === id && before.name === request.name) {
      progress.note(`boot image ${request.name} reused (unchanged)`);
      return { image: before, reused: true, seconds: seconds() };
    }
    const image = await assemble(request, packages, id, { store, scratch }, progress, signal);
    return { image, reused: false, seconds: seconds() };
  }, cacheFolder('work'));
}

async function assemble(
  request: BootImageRequest,
  packages: readonly DebianPackage[],
  id: string,
  { store, scratch }: { store: string; scratch: string },
  progress: Progress,
  signal?: AbortSignal,
): Promise<BootImage> {
  const tools = new DebianTools(`${scratch}/debian`, signal);
  const added = new Set(extraFirmwarePackages(request));
  await unpackPackages(
    packages.filter(({ name }) => !added.has(name)),
    store,
    tools.tree,
    progress,
    signal,
  );
  const extraFirmware = await gatherFirmware(request, packages, { store, scratch }, progress, signal);
  const version = await kernelVersion(tools);
  const secureBoot = request.noSecureBoot !== true;
  for (const folder of request.driverFolders ?? []) await addDrivers(folder, secureBoot, tools, version);
  const kernel = await readKernel(tools, version);
  const extra = request.kernelModules ?? [];
  const modules = rootSelection(kernel, extra);
  const facts = parseModinfo(await modinfo(kernel, modules, tools));
  const firmware = selectFirmware(await firmwareFiles(tools), facts);
  const loaders = await prepareLoaders(tools, scratch);
  progress.phase('building the initramfs');
  const initramfs = await buildInitramfs(kernel, initramfsSelection(kernel, extra), tools, scratch);
  progress.phase('building the root');
  const choices = {
    keyboard: request.keyboard ?? 'us',
    allowShell: request.allowShell ?? false,
    ...(request.prestart === undefined ? {} : { prestart: request.prestart }),
  };
  const { node, agent } = request;
  const root = await buildRoot({ kernel, modules, node, agent, firmware, extraFirmware, ...choices }, tools, scratch);
  const parts = { kernel, initramfs, root: root.archive };
  const locked = request.locked === undefined ? undefined : await makeLocked(parts, request.locked, tools, scratch);
  const hardware = hardwareIds(root.aliases.alias, root.aliases.builtin);
  await writeAtomically(`${scratch}/hardware.json`, `${JSON.stringify(hardware)}\n`);
  const files = await deliver(request.folder, {
    kernel: [kernel.image, 'vmlinuz'],
    initramfs: [initramfs, 'initramfs.img'],
    root: [root.archive, 'root.squashfs'],
    shim: [loaders.shim, 'shimx64.efi'],
    grub: [loaders.grub, 'grubx64.efi'],
    'mok-manager': [loaders['mok-manager'], 'mmx64.efi'],
    'bios-cd': [loaders['bios-cd'], 'bios.img'],
    'bios-mbr': [loaders['bios-mbr'], 'boot_hybrid.img'],
    'bios-core': [loaders['bios-core'], 'core.img'],
    'bios-sector': [loaders['bios-sector'], 'boot.img'],
    hardware: [`${scratch}/hardware.json`, 'hardware.json'],
    ...(locked === undefined ? {} : { uki: [locked.uki, 'locked.efi'], enrol: [locked.certificate, 'enrol.cer'] }),
  });
  const image: BootImage = {
    format: 'bootwright-boot-image/1',
    family: 'open',
    name: request.name,
    architecture: 'x64',
    id,
    program: await programId(agent),
    plain: isPlain(request),
    kernelVersion: version,
    built: new Date((sourceDateEpoch() ?? now().getTime() / 1000) * 1000).toISOString(),
    protocol: protocolVersion,
    secureBoot,
    ...choices,
    packages,
    files,
    missingFirmware: missingFirmware(facts, [...firmware, ...extraFirmware.keys(), ...Object.keys(firmwareLinks)]),
  };
  await writeAtomically(`${request.folder}/boot-image.json`, `${JSON.stringify(image, undefined, 2)}\n`);
  return image;
}

function packagesOf(request: BootImageRequest): string[] {
  const more = request.locked === undefined ? [] : lockedPackages;
  return [...packageNames, ...firmwarePackages, ...more, ...extraFirmwarePackages(request)];
}

/** The firmware the user asked for, all of it: path below the firmware folder → host file. */
async function gatherFirmware(
  request: BootImageRequest,
  packages: readonly DebianPackage[],
  { store, scratch }: { store: string; scratch: string },
  progress: Progress,
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const names = new Set(extraFirmwarePackages(request));
  const unpacked = `${scratch}/firmware`;
  const wanted = packages.filter(({ name }) => names.has(name));
  if (wanted.length > 0) await unpackPackages(wanted, store, unpacked, progress, signal);
  const found = new Map<string, string>();
  for (const folder of [...(wanted.length > 0 ? [`${unpacked}/usr/lib/firmware`] : []), ...firmwareFolders(request)])
    for (const name of await listFiles(folder)) found.set(name, `${folder}/${name}`);
  return found;
}

async function deliver(
  folder: string,
  made: Readonly<Record<string, readonly [from: string, name: string]>>,
): Promise<BootImage['files']> {
  // Without its description a half-replaced image is none, rather than a wrong one.
  await rm(`${folder}/boot-image.json`, { force: true });
  const files: Record<string, BootImage['files'][string]> = {};
  for (const [role, [from, name]] of Object.entries(made)) {
    const temporary = `${folder}/.${name}.new`;
    await copyFile(from, temporary);
    await rename(temporary, `${folder}/${name}`);
    files[role] = { name, size: await sizeOf(from), sha256: await hashFile(from) };
  }
  return files;
}
