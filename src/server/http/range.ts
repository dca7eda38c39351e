/** What of a file is to be sent. */
export type Selection =
  | { readonly kind: 'whole' | 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/**
 * RFC 9110, section 14: single byte ranges. Several ranges, other units and what cannot be read are ignored, which the
 * standard allows; `end` is included and −1 for an empty file.
 */
export function selectRange(header: string | undefined, size: number): Selection {
  const whole = { kind: 'whole', start: 0, end: size - 1 } as const;
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replace(/\s/g, '') ?? '') ?? [];
  if (first === '' && last === '') return whole;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', start: size - length, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return whole;
  if (start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

/** Whether one of the entity tags of an If-None-Match header is this one; `*` is every one. */
export function namesTag(header: string | undefined, tag: string): boolean {
  const tags = header?.split(',').map((text) => text.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(tag);
}
