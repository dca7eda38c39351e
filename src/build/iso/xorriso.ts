import { run } from '../../host/process.ts';
import { type Layout, layoutFileSize } from '../../model/layout.ts';

export interface XorrisoJob {
  readonly layout: Layout;
  /** Host path of every file of the layout, in its order. */
  readonly sources: readonly string[];
  /**
   * Positions of files that are another name of one before them (hard links). libisofs would store both once, and the
   * image would depend on how the site was copied to this machine.
   */
  readonly twins: ReadonlySet<number>;
  readonly output: string;
  /** Bytes at the start of the output that are there already; 0 writes a new one. */
  readonly from: number;
  /** Files for the two texts of `xorrisoLists`, and for xorriso's exit code. */
  readonly lists: { readonly paths: string; readonly weights: string; readonly status: string };
  readonly signal?: AbortSignal;
  readonly onBytes: (written: number) => void;
}

/** Which file comes from where, and the order of contents: that of the paths. */
export function xorrisoLists({ layout, sources, twins }: Pick<XorrisoJob, 'layout' | 'sources' | 'twins'>): {
  paths: string;
  weights: string;
} {
  const { files } = layout;
  const graft = (path: string, index: number): string => `${quote(`${escapeTarget(path)}=${sources[index]}`)}\n`;
  return {
    paths: files.map(({ path }, index) => (twins.has(index) ? '' : graft(path, index))).join(''),
    weights: files.map(({ path }, index) => `${files.length - index} /${path}\n`).join(''),
  };
}

/**
 * One hybrid image: El Torito for BIOS and UEFI drives, MBR boot code that loads the same BIOS image from a stick, a
 * GPT whose EFI system partition is the same EFI image. No Joliet-only or appended copies: every byte is there once.
 */
export function xorrisoArguments({ layout, sources, twins, output, from, lists }: XorrisoJob): string[] {
  const time = timestamp(layout.epoch);
  return [
    // By default xorriso waits for the disk every 16 MiB; the writer syncs once, when all is in place.
    ...['-stdio_sync', 'off', '-outdev', from === 0 ? `stdio:${output}` : '-'],
    ...['-as', 'mkisofs', '-iso-level', '3', '-r', '-J', '-joliet-long', '-D', '-f'],
    ...['-V', layout.label, '-A', 'BOOTWRIGHT', '-p', 'BOOTWRIGHT', '-publisher', '', '-sysid', 'LINUX'],
    ...[`--modification-date=${time}`, '--set_all_file_dates', time, '--gpt_disk_guid', diskGuid(layout.seed)],
    ...bootArguments(layout.boot),
    ...['-graft-points', '--quoted_path_list', lists.paths, '--'],
    ...[...twins].flatMap((index) => {
      const file = layout.files[index];
      if (file === undefined) return [];
      const path = `/${file.path}`;
      const size = String(layoutFileSize(file));
      return ['-cut_out', sources[index] ?? '', '0', size, path, '-find', path, '-exec', 'mkisofs_r', '--'];
    }),
    ...['-as', 'mkisofs', '--sort-weight-list', lists.weights, '--', '-commit'],
  ];
}

function bootArguments(boot: Layout['boot']): string[] {
  if (boot === undefined) return [];
  return [
    ...['-b', boot.biosImage, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
    ...['--grub2-boot-info', '--grub2-mbr', boot.mbrCode, '--protective-msdos-label', '--boot-catalog-hide'],
    // Some BIOSes start only sticks with an active partition, and GPT's protective entry must not be active.
    '--mbr-force-bootable',
    ...['-eltorito-alt-boot', '-e', boot.efiImage, '-no-emul-boot', '-efi-boot-part', '--efi-boot-image'],
  ];
}

/** To a pipe, of which what is there already is thrown away. A shell tells only how a pipe's last program ended. */
const goOn = `of=$1 at=$2 status=$3; shift 3
{ xorriso "$@"; echo $? >"$status"; } |
	setpriv --pdeathsig KILL dd of="$of" bs=1M iflag=fullblock,skip_bytes skip="$at" oflag=seek_bytes seek="$at" conv=notrunc status=none || exit
read -r code <"$status" && exit "$code"`;

/** Writes the image; sources are read once, by xorriso. @throws BW-HOST-001, BW-HOST-002, BW-HOST-006 */
export async function runXorriso(job: XorrisoJob): Promise<void> {
  const args = xorrisoArguments(job);
  const { output, from, lists } = job;
  const [program, command] =
    from === 0 ? ['xorriso', args] : ['sh', ['-c', goOn, 'sh', output, String(from), lists.status, ...args]];
  await run(program, command, {
    // Nothing may go on writing into the image once the process that knows about it is gone.
    endsWithUs: true,
    environment: { SOURCE_DATE_EPOCH: String(job.layout.epoch) },
    wholeGroup: true,
    ...(job.signal === undefined ? {} : { signal: job.signal }),
    onOutput: (piece) => {
      const sectors = [...piece.matchAll(/Writing:\s+(\d+)s\s/g)].at(-1)?.[1];
      if (sectors !== undefined) job.onBytes(Number(sectors) * 2048);
    },
  });
}

/** A version 4 GUID made of the seed's first digits. */
export function diskGuid(seed: string): string {
  const digits = `${seed.slice(0, 12)}4${seed.slice(13, 16)}8${seed.slice(17, 32)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** `YYYYMMDDhhmmsscc`, UTC. */
export function timestamp(epoch: number): string {
  return `${new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}00`;
}

function escapeTarget(path: string): string {
  return `/${path.replace(/[\\=]/g, '\\$&')}`;
}

/** One word of a quoted list: pieces in double quotes, double quotes themselves in single ones. */
function quote(word: string): string {
  return word
    .split('"')
    .map((piece) => `"${piece}"`)
    .join(`'"'`);
}
