import type { EventBody } from '../model/event.ts';

const replacement = '********';
/** Shorter values would turn logs into stars; they are masked only where they stand alone. */
const shortest = 4;
/** Keys of events whose values come from fixed lists or from us. */
const plainKeys = new Set(['type', 'severity', 'error', 'environment', 'prompt', 'target']);

/**
 * Knows every secret of a run and takes them out of texts, in the spellings in which they may turn up: as they are,
 * escaped for JSON, as Base64, percent-encoded, and line by line when they have several lines.
 */
export class SecretMask {
  readonly #known = new Set<string>();
  #pattern: RegExp | undefined;

  add(value: string): void {
    for (const spelling of spellings(value)) this.#known.add(spelling);
    this.#pattern = undefined;
  }

  text(text: string): string {
    if (this.#known.size === 0) return text;
    this.#pattern ??= compile(this.#known);
    return text.replace(this.#pattern, replacement);
  }

  /** Every text in an event, however deep. */
  event(event: EventBody): EventBody {
    return this.#deep(event) as EventBody;
  }

  #deep(value: unknown, name = ''): unknown {
    if (typeof value === 'string') return plainKeys.has(name) ? value : this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#deep(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#deep(item, key)]));
  }
}

function spellings(value: string): string[] {
  if (value.trim() === '') return [];
  const lines = value.split(/\r?\n/).filter((line) => line.trim().length >= shortest);
  return [value, ...lines].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text.toWellFormed()),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
  ]);
}

/** Longest first, so that a secret within a longer one does not leave the rest standing. */
function compile(known: ReadonlySet<string>): RegExp {
  const alternatives = [...known]
    .sort((a, b) => b.length - a.length)
    .map((value) => {
      const escaped = value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
      return value.length >= shortest ? escaped : `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`;
    });
  return new RegExp(alternatives.join('|'), 'gu');
}
