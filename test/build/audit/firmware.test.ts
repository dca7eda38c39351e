import { expect, it } from 'vitest';
import { firmwareFindings } from '../../../src/build/audit/firmware.ts';
import type { IsoReader } from '../../../src/build/iso/reader.ts';
import { sbatEntries } from '../../../src/formats/sbat.ts';
import { efiProgram, signedProgram } from '../../formats/efi-program.ts';

const iso = (files: Record<string, Uint8Array>) =>
  ({
    file: (path: string) => (files[path] === undefined ? undefined : { path, size: files[path].length, extents: [] }),
    bytes: async ({ path }: { path: string }) => files[path] ?? new Uint8Array(),
  }) as unknown as IsoReader;

const shim = 'sbat,1,SBAT Version,sbat,1,url\nshim,4,UEFI shim,shim,1,url\nshim.debian,1,Debian,shim,16.1,url\n';
const grub = (generation: number) =>
  `sbat,1,SBAT Version,sbat,1,url\ngrub,${generation},FSF,grub,2.12,url\ngrub.debian,5,Debian,grub2,2.12-9,url\n`;
const microsoft = ['Microsoft Corporation UEFI CA 2011', 'Microsoft Time-Stamp PCA 2010'];
const [first, second] = ['EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/grubx64.efi'] as const;
const lines = async (files: Record<string, Uint8Array>) =>
  (await firmwareFindings(iso(files))).map(({ severity, subject, message }) => `${severity} ${subject}: ${message}`);

it('names versions and signers of loaders that current firmware takes', async () => {
  const files = {
    [first]: signedProgram(shim, microsoft),
    [second]: signedProgram(grub(5), ['Debian Secure Boot CA']),
  };
  expect(await lines({ ...files, 'boot/grub/bios.img': new Uint8Array(1) })).toEqual([
    'note machines: x64 with UEFI and BIOS',
    `note first loader (${first}): shim 16.1, signed by Microsoft Corporation UEFI CA 2011`,
    `note second loader (${second}): grub2 2.12-9, signed by Debian Secure Boot CA`,
  ]);
});

it('finds a loader that was revoked, and one that nobody signed', async () => {
  const found = await lines({ [first]: efiProgram(), [second]: signedProgram(grub(3), ['Debian Secure Boot CA']) });
  expect(found).toContain(`serious first loader (${first}): is not signed: no machine with Secure Boot starts it`);
  expect(found).toContain(
    `serious second loader (${second}): grub 3 is refused by firmware with the revocations of May 2025`,
  );
  expect(await lines({})).toEqual(['serious loaders: the medium has none for UEFI']);
});

it('reads nothing out of what is no program', () => {
  expect(sbatEntries(new Uint8Array(10))).toEqual([]);
  expect(sbatEntries(Buffer.alloc(300, 255))).toEqual([]);
  expect(sbatEntries(signedProgram('sbat,1,x,x,1,x\nshim,x,a,b,c,d\n', []))).toHaveLength(1);
});
