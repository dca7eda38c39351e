import { bootImageOf, type Site } from './site.ts';

/** `2 sequences, 1 image, 0 packages: 1 error, 3 warnings.` */
export function formatSummary(site: Site): string {
  const errors = site.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = site.problems.length - errors;
  const found = [
    count(site.sequences.size, 'sequence'),
    count(site.images.size, 'image'),
    count(site.packages.size, 'package'),
  ];
  const judgement =
    errors + warnings === 0 ? 'no problems' : `${count(errors, 'error')}, ${count(warnings, 'warning')}`;
  return `${found.join(', ')}: ${judgement}.`;
}

/** The command that brings a sound site one step further; `siteFlag` is ` --site DIR` where that is needed. */
export function nextCommand(site: Site, siteFlag: string): string | undefined {
  const [sequence] = [...site.sequences.values()].filter((one) => one.sequence !== undefined);
  if (sequence === undefined) return undefined;
  const bootImage = bootImageOf(site, sequence.sequence);
  if (!site.bootImages.includes(bootImage)) return `bootwright boot-image build ${bootImage}${siteFlag}`;
  return `bootwright media create standalone${siteFlag} --sequence ${sequence.id} --output ${sequence.id}.iso`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
