import { BootwrightError } from '../../model/error.ts';
import type { CapturedImage } from '../../model/machine.ts';
import type { SimulatedFile, SimulatedFiles } from './model.ts';

interface SimulatedImage {
  readonly name: string;
  readonly paths: readonly string[];
}

/** A WIM as this machine writes it: the names of its images and the paths in each. */
export function addImage(
  wim: SimulatedFile | undefined,
  name: string,
  files: SimulatedFiles,
  exclude: readonly string[],
): SimulatedFile {
  const patterns = exclude.map(patternOf);
  const paths = Object.keys(files).filter((path) => !patterns.some((pattern) => pattern.test(path)));
  return { mode: '644', text: `${JSON.stringify([...parsed(wim), { name, paths: paths.sort() }])}\n` };
}

/** @throws BW-STEP-113 */
export function imagesOf(wim: SimulatedFile | undefined): CapturedImage[] {
  if (wim === undefined) throw new BootwrightError('BW-STEP-113', 'There is no such image file.');
  return parsed(wim).map(({ name, paths }, index) => ({
    index: index + 1,
    name,
    files: paths.length,
    bytes: paths.length,
  }));
}

function parsed(wim: SimulatedFile | undefined): SimulatedImage[] {
  return wim !== undefined && 'text' in wim ? (JSON.parse(wim.text) as SimulatedImage[]) : [];
}

/** `/tmp/*` is a path from the root, `pagefile.sys` a name anywhere; what lies below goes with it. */
function patternOf(glob: string): RegExp {
  const inner = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`${glob.startsWith('/') ? '^' : '/'}${inner}(/|$)`);
}
