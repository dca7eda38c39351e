import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { foldersAbove, writeCpio } from '../formats/cpio.ts';
import { addPeSections } from '../formats/pe-sections.ts';
import { verityBlock, verityTree } from '../formats/verity.ts';
import { open, readBytes, readStream, readText, sizeOf, truncate, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { lockedModule, lockedProgram, lockedStub, signingProgram } from './contents.ts';
import type { DebianTools } from './debian-tools.ts';
import type { Kernel } from './kernel.ts';
import { moduleName } from './modules.ts';

/** What makes a boot image one that cannot be exchanged part by part. */
export interface LockedRequest {
  /** Private key (PEM, without passphrase) and certificate (PEM or DER), as paths. */
  readonly key: string;
  readonly certificate: string;
  /** Who may sign media for this boot image: names of `.pub` files and their texts. */
  readonly makers: readonly { readonly name: string; readonly text: string }[];
}

/** Host paths. */
export interface BootParts {
  readonly kernel: Kernel;
  readonly initramfs: string;
  /** Gets its hashes appended. */
  readonly root: string;
}

/** The certificate of a signing key, and its key fitting to it. @throws BW-BOOT-090 */
export async function readLockedCertificate({ key, certificate }: LockedRequest): Promise<X509Certificate> {
  const unusable = (why: string, cause?: unknown): BootwrightError =>
    new BootwrightError('BW-BOOT-090', `Nothing can be signed with ${key} and ${certificate}: ${why}.`, { cause });
  let found: X509Certificate;
  try {
    found = new X509Certificate(await readBytes(certificate));
  } catch (cause) {
    throw unusable('the certificate cannot be read', cause);
  }
  const pem = await readText(key);
  if (pem.includes('ENCRYPTED'))
    throw unusable('the private key has a passphrase, which the signing program cannot ask for');
  let fits = false;
  try {
    fits = found.checkPrivateKey(createPrivateKey(pem));
  } catch {
    // No cause: it could quote the key.
    throw unusable('the private key cannot be read');
  }
  if (!fits) throw unusable('the private key is not the certificate’s');
  // shim's MokManager and most firmware know no other.
  const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 0 } = {} } = found.publicKey;
  if (asymmetricKeyType !== 'rsa' || modulusLength < 2048 || modulusLength > 4096)
    throw unusable('firmware takes RSA keys of 2,048 to 4,096 bits');
  return found;
}

/**
 * One signed program of kernel, initramfs and command line, the hash of the root among it; firmware that has enrolled
 * the certificate starts nothing else. Returns host paths of the program and of the certificate to enrol.
 *
 * @throws BW-BOOT-009, BW-BOOT-090
 */
export async function makeLocked(
  { kernel, initramfs, root }: BootParts,
  request: LockedRequest,
  tools: DebianTools,
  scratch: string,
): Promise<{ readonly uki: string; readonly certificate: string }> {
  const certificate = await readLockedCertificate(request);
  const commandLine = await addHashes(root);
  const more = await verityArchive(kernel, request, tools);
  const program = addPeSections(await readBytes(`${tools.tree}/${lockedStub}`), [
    { name: '.osrel', bytes: Buffer.from('ID=bootwright\nNAME=Bootwright\nPRETTY_NAME=Bootwright\n') },
    { name: '.cmdline', bytes: Buffer.from(commandLine) },
    { name: '.uname', bytes: Buffer.from(kernel.version) },
    { name: '.initrd', bytes: Buffer.concat([await readBytes(initramfs), more]) },
    { name: '.linux', bytes: await readBytes(kernel.image) },
  ]);
  const unsigned = `${scratch}/locked.efi`;
  await writeAtomically(unsigned, program);
  const [uki, enrol, pem] = ['locked.signed.efi', 'enrol.cer', 'signer.pem'].map((name) => `${scratch}/${name}`) as [
    string,
    string,
    string,
  ];
  await writeAtomically(pem, certificate.toString());
  await tools.run(signingProgram, ['--key', request.key, '--cert', pem, '--output', uki, unsigned]);
  await writeAtomically(enrol, certificate.raw);
  return { uki, certificate: enrol };
}

/** Appends the hash tree, which squashfs does not see, and returns the command line that makes the kernel use it. */
async function addHashes(root: string): Promise<string> {
  await truncate(root, Math.ceil((await sizeOf(root)) / verityBlock) * verityBlock);
  // A salt keeps one table of hashes from serving for all roots; it need not be random, and equal inputs give equal bytes.
  const salt = createHash('sha256').update('bootwright root').digest();
  const { rootHash, blocks, tree } = await verityTree(readStream(root), salt);
  const file = await open(root, 'a');
  try {
    await file.writeFile(tree);
  } finally {
    await file.close();
  }
  const size = await sizeOf(root);
  const verity = `bw.root=${rootHash} bw.blocks=${blocks} bw.salt=${salt.toString('hex')} bw.size=${size}`;
  return `${verity} console=tty0 console=ttyS0,115200n8 quiet loglevel=3`;
}

/** Joined to the initramfs: what opens the root by its hash, and the keys that media have to be signed with. */
async function verityArchive(kernel: Kernel, { makers }: LockedRequest, tools: DebianTools): Promise<Uint8Array> {
  const files: { path: string; mode: number; data: Uint8Array }[] = [];
  for (const [index, path] of loadingOrder(kernel).entries()) {
    const data = await tools.decompressed(`${tools.tree}/usr/lib/modules/${kernel.version}/${path}`);
    files.push({ path: `lib/verity/${index}-${moduleName(path)}.ko`, mode: 0o644, data });
  }
  const program = `${tools.tree}/${lockedProgram}`;
  files.push({ path: 'bin/dmsetup', mode: 0o755, data: await readBytes(program) });
  const { found, missing } = await tools.librariesOf(program);
  if (missing.length > 0) throw new BootwrightError('BW-BOOT-009', `dmsetup needs ${missing.join(', ')}.`);
  const loader = 'lib64/ld-linux-x86-64.so.2';
  files.push({ path: loader, mode: 0o755, data: await readBytes(`${tools.tree}/usr/${loader}`) });
  for (const path of found) files.push({ path, mode: 0o644, data: await readBytes(`${tools.tree}/${path}`) });
  for (const { name, text } of makers)
    files.push({ path: `etc/bootwright/keys/${name}`, mode: 0o644, data: Buffer.from(text) });
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const entries = files.map((file) => ({ ...file, kind: 'file' as const }));
  return writeCpio([...foldersAbove(entries.map(({ path }) => path)), ...entries]);
}

/** The module and all it needs, each behind what it needs itself. @throws BW-BOOT-009 */
function loadingOrder({ modules, version }: Kernel): string[] {
  const wanted = [...modules.dependencies.keys()].find((path) => moduleName(path) === lockedModule);
  if (wanted === undefined) throw new BootwrightError('BW-BOOT-009', `Kernel ${version} has no ${lockedModule}.`);
  // depmod writes what a module needs from the last to load to the first.
  return [...(modules.dependencies.get(wanted) ?? []).toReversed(), wanted];
}
