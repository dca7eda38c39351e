import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type YAMLMap,
} from 'yaml';
import type { Place, Problem } from '../model/error.ts';

/** Keys and list positions that lead to a value. */
export type YamlPath = readonly PropertyKey[];

/** A YAML file as plain values, with the way back to lines and columns. */
export interface YamlSource {
  readonly file: string;
  /** Undefined when the text could not be parsed. `!secret name` has become `{ $secret: 'name' }`. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the value at `path` stands; where its key stands with `at: 'key'`. The nearest parent if there is none. */
  place(path: YamlPath, at?: 'key' | 'value'): Place;
}

export interface YamlLimits {
  /** UTF-16 units. */
  readonly maxLength: number;
  readonly maxDepth: number;
}

// Configuration Manager refuses sequences above 2 MB; the parser needs about a second per megabyte.
const defaultLimits: YamlLimits = { maxLength: 2 * 1024 * 1024, maxDepth: 100 };

/** Parses one YAML 1.2 document. Never throws for bad input: everything wrong is a problem with a place. */
export function readYaml(text: string, file: string, limits: YamlLimits = defaultLimits): YamlSource {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const failed = (problem: Omit<Problem, 'file' | 'severity'>): YamlSource => ({
    file,
    value: undefined,
    problems: [{ severity: 'error', file, ...problem }],
    place: () => ({ file, line: 1, column: 1 }),
  });
  if (text.length > limits.maxLength) {
    return failed({
      code: 'BW-SEQUENCE-007',
      message: `The file is larger than ${limits.maxLength / 1024 / 1024} MiB and was not read.`,
    });
  }
  const tokens = tokensOf(text, lines, limits.maxDepth);
  if (!Array.isArray(tokens)) {
    const { line, column } = at(tokens.tooDeepAt);
    return failed({
      code: 'BW-SEQUENCE-007',
      line: line!,
      column: column!,
      message: `Lists and mappings are nested more than ${limits.maxDepth} deep here.`,
    });
  }
  const { document, several } = compose(tokens, text.length);
  const problems = [...document.errors, ...document.warnings].map((error): Problem => {
    const [first = 'not valid YAML'] = error.message.split('\n');
    return { severity: 'error', code: 'BW-SEQUENCE-001', message: sentence(first), ...at(error.pos[0]) };
  });
  if (several !== undefined) {
    problems.push({
      severity: 'error',
      code: 'BW-SEQUENCE-001',
      message: 'The file holds a second document (after ---); only one is allowed.',
      ...at(several),
    });
  }
  const value = toPlain(document.contents, (offset, message, fix) => {
    problems.push({ severity: 'error', code: 'BW-SEQUENCE-001', message, fix, ...at(offset) });
  });
  problems.sort((a, b) => a.line! - b.line! || a.column! - b.column!);
  const place = (path: YamlPath, which: 'key' | 'value' = 'value'): Place => at(offsetOf(document, path, which));
  return { file, value: problems.length > 0 ? undefined : value, problems, place };
}

/** Lexes with a depth guard: the composer recurses, and deep nesting would end the process, not throw. */
function tokensOf(text: string, lines: LineCounter, maxDepth: number): CST.Token[] | { tooDeepAt: number } {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The document itself and the token at hand lie on the stack too.
    if (parser.stack.length > maxDepth + 2) return { tooDeepAt: parser.offset };
  }
  tokens.push(...parser.end());
  return tokens;
}

function compose(
  tokens: readonly CST.Token[],
  length: number,
): { document: Document.Parsed; several: number | undefined } {
  // Keys are compared here, not by the composer: it compares each with each, which takes minutes on hostile files.
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false, customTags: [secretTag] });
  const [document, second] = [...composer.compose(tokens, true, length)];
  if (document === undefined) throw new Error('the composer always makes one document');
  return { document, several: second?.range[0] };
}

/** Names of secrets are file names in the site. */
export const secretNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const secretTag = {
  tag: '!secret',
  resolve(text: string, onError: (message: string) => void): unknown {
    if (!secretNamePattern.test(text)) onError('After !secret comes the name of a secret: letters, digits, ., _ and -');
    return { $secret: text };
  },
};

type Report = (offset: number, message: string, fix: string) => void;

function toPlain(node: unknown, report: Report): unknown {
  if (isMap(node)) return mapToPlain(node, report);
  if (isSeq(node)) return node.items.map((item) => toPlain(item, report));
  if (isAlias(node)) {
    report(start(node), 'Aliases (*name) are not read.', 'Write the value out.');
    return undefined;
  }
  if (!isScalar(node)) return null;
  const { value, source } = node;
  if (typeof value === 'number' && String(value) !== source) {
    const fix = Number.isFinite(value) ? `Write '${source}' in quotes, or ${value}.` : `Write '${source}' in quotes.`;
    report(start(node), `${source} would be read as the number ${value}.`, fix);
  }
  return value;
}

function mapToPlain(map: YAMLMap, report: Report): unknown {
  const plain: Record<string, unknown> = {};
  for (const { key, value } of map.items) {
    const name = keyName(key);
    if (name === undefined || name === '__proto__') {
      report(start(key), 'This cannot be a key.', 'Use a word as key.');
    } else if (Object.hasOwn(plain, name)) {
      report(start(key), `The key "${name}" stands here for the second time.`, 'Remove one of the two.');
    } else {
      plain[name] = toPlain(value, report);
    }
  }
  return plain;
}

function keyName(key: unknown): string | undefined {
  if (!isScalar(key) || typeof key.value === 'object') return undefined;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

function start(node: unknown): number {
  return (isNode(node) ? node.range?.[0] : undefined) ?? 0;
}

function offsetOf(document: Document.Parsed, path: YamlPath, which: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = start(node);
  for (const [depth, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyName(key) === String(part));
      if (pair === undefined) return offset;
      node = pair.value;
      const wantsKey = which === 'key' && depth === path.length - 1;
      // An empty value (`disk:`) has its place behind the key; the key is what people look at.
      offset = wantsKey || !isScalar(node) || node.source === '' ? start(pair.key) : start(node);
    } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      node = node.items[part];
      offset = start(node);
    } else {
      return offset;
    }
  }
  return offset;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
