import { hash } from 'node:crypto';
import * as z from 'zod';
import { readYaml, type YamlSource } from '../formats/yaml.ts';
import { cacheFolder } from '../host/cache-folder.ts';
import { readBytes, writeAtomically } from '../host/files.ts';
import { packageVersion } from '../host/package.ts';
import { readDocument } from './read-document.ts';

type Reading<T> = ReturnType<typeof readDocument<T>>;

interface Known<T> {
  readonly value: T;
  /** Where the document begins: every record is asked for that. */
  readonly line: number;
  readonly column: number;
}

const heads = new WeakMap<z.ZodType, string>();

/** What a cache has to be made by, to be believed. */
function headOf(schema: z.ZodType): string {
  const form = hash('sha256', JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })));
  return JSON.stringify({ format: 'bootwright-records/1', program: packageVersion(), schema: form });
}

/** Below that, reading everything anew takes no time. */
const fewestFiles = 200;

/**
 * Remembers what YAML files of a folder came out as, by their bytes: parsing 10,000 of them takes seconds, and hardly any
 * has changed since the last time. Only sound files are remembered; places are looked up in the text when somebody asks.
 */
export class RecordCache<T> {
  readonly #schema: z.ZodType<T>;
  readonly #file: string;
  readonly #head: string;
  readonly #known: Readonly<Record<string, Known<T>>>;
  readonly #used = new Map<string, Known<T>>();
  #changed = false;

  private constructor(schema: z.ZodType<T>, file: string, head: string, known: Readonly<Record<string, Known<T>>>) {
    this.#schema = schema;
    this.#file = file;
    this.#head = head;
    this.#known = known;
  }

  /** What is damaged, or was made by another version of this program or of the schema, counts as nothing. */
  static async open<T>(folder: string, schema: z.ZodType<T>): Promise<RecordCache<T>> {
    const file = cacheFolder('records', `${hash('sha256', folder).slice(0, 32)}.json`);
    const head = heads.get(schema) ?? headOf(schema);
    heads.set(schema, head);
    return new RecordCache(schema, file, head, (await readKnown<Known<T>>(file, head)) ?? {});
  }

  /** The same as `readDocument`. */
  read(content: Uint8Array, file: string): Reading<T> {
    const digest = hash('sha256', content, 'base64');
    const known = this.#used.get(digest) ?? (Object.hasOwn(this.#known, digest) ? this.#known[digest] : undefined);
    if (known !== undefined) {
      this.#used.set(digest, known);
      return { value: known.value, problems: [], locate: placesOf(content, { file, ...known }) };
    }
    const reading = readDocument(this.#schema, content, file);
    if (reading.value !== undefined && reading.problems.length === 0) {
      const { line = 1, column = 1 } = reading.locate([]);
      this.#used.set(digest, { value: reading.value, line, column });
      this.#changed = true;
    }
    return reading;
  }

  /** Writes what was read since it was opened, and nothing else: what went from the site goes from here. */
  async save(): Promise<void> {
    const size = this.#used.size;
    const isSame = !this.#changed && size === Object.keys(this.#known).length;
    if (isSame || size < fewestFiles) return;
    const body = `${this.#head}\n${JSON.stringify(Object.fromEntries(this.#used))}\n`;
    // Names and settings of machines: for this user only. A cache that cannot be written costs time, not correctness.
    await writeAtomically(this.#file, `${hash('sha256', body)}\n${body}`, 0o600).catch(() => undefined);
  }
}

async function readKnown<T>(file: string, head: string): Promise<Record<string, T> | undefined> {
  const bytes = await readBytes(file).catch(() => undefined);
  if (bytes === undefined || bytes[64] !== 0x0a) return undefined;
  const body = bytes.subarray(65);
  if (hash('sha256', body) !== Buffer.from(bytes.subarray(0, 64)).toString('latin1')) return undefined;
  const text = new TextDecoder().decode(body);
  return text.startsWith(`${head}\n`) ? (JSON.parse(text.slice(head.length + 1)) as Record<string, T>) : undefined;
}

/** Reads the text for its places at the first question: hardly any is ever asked. */
function placesOf(
  content: Uint8Array,
  { file, line, column }: Omit<Known<unknown>, 'value'> & { readonly file: string },
): YamlSource['place'] {
  let source: YamlSource | undefined;
  return (path, at) => {
    if (path.length === 0) return { file, line, column };
    source ??= readYaml(new TextDecoder().decode(content), file);
    return source.place(path, at);
  };
}
