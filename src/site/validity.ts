import type { Problem } from '../model/error.ts';

/** Dates as times in UTC. Problems name the option they came from. */
export function validity(
  from: string | undefined,
  to: string | undefined,
  problems: Problem[],
): { readonly validFrom?: string; readonly validTo?: string } {
  const validFrom = timeOf(from, '00:00:00', '--valid-from', problems);
  const validTo = timeOf(to, '23:59:59', '--valid-to', problems);
  if (validFrom !== undefined && validTo !== undefined && validFrom >= validTo) {
    const message = `The medium would end (${validTo}) before it begins to be valid (${validFrom}).`;
    problems.push({ severity: 'error', code: 'BW-SITE-009', file: '--valid-to', message });
  }
  return { ...(validFrom === undefined ? {} : { validFrom }), ...(validTo === undefined ? {} : { validTo }) };
}

function timeOf(text: string | undefined, time: string, option: string, problems: Problem[]): string | undefined {
  if (text === undefined) return undefined;
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const date = new Date(isDate ? `${text}T${time}Z` : text);
  // Date turns 30 February into 2 March.
  const exists = isTime || (isDate && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text));
  if (exists && !Number.isNaN(date.getTime())) return date.toISOString().replace('.000Z', 'Z');
  problems.push({ severity: 'error', code: 'BW-SITE-009', file: option, message: `"${text}" is not a date.` });
  return undefined;
}
