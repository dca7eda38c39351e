import { BootwrightError, type Problem } from '../../model/error.ts';

/** @throws BW-MEDIA-001 when secrets of these names would lie there for everybody */
export function refuseUnprotected(names: ReadonlySet<string>, password: unknown): void {
  if (password !== undefined || names.size === 0) return;
  throw new BootwrightError(
    'BW-MEDIA-001',
    `The medium would hold ${[...names].join(', ')} and has no password: everybody could read that. Nothing was written.`,
  );
}

/** @throws BW-MEDIA-009 */
export function refuseOutdated(validTo: string | undefined, now: Date): void {
  if (validTo === undefined || new Date(validTo) >= now) return;
  throw new BootwrightError(
    'BW-MEDIA-009',
    `The medium would have expired already, on ${validTo}. Nothing was written.`,
  );
}

/** One error that names all of them. @throws the first problem's code */
export function refuseProblems(problems: readonly Problem[], siteFolder: string): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const others = errors
    .slice(1)
    .map(({ file, line, message }) => `\nAlso ${file}${line === undefined ? '' : `:${line}`}: ${message}`);
  throw new BootwrightError(first.code, `${first.message} Nothing was written.${others.join('')}`, {
    place: { ...first, file: first.file.startsWith('-') ? first.file : `${siteFolder}/${first.file}` },
    ...(first.fix === undefined ? {} : { fix: first.fix }),
  });
}
