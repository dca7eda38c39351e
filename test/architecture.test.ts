import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Layers of `src`, lowest first. A file may import from lower layers and from its own wing only. */
const layers: readonly (readonly string[])[] = [
  ['model'],
  ['formats', 'host'],
  ['steps', 'sequence', 'trust', 'machine'],
  ['engine', 'site', 'content', 'boot', 'deployment'],
  ['agent', 'server', 'netboot', 'build', 'prove', 'staging'],
];

/** Edges between siblings that the design wants. */
const allowedSiblings = new Set<string>([
  // Reading a binary structure from a file needs the file: formats stay pure and get bytes instead.
  'site>content', // check looks into the WIMs a sequence names
  'staging>build', // a station opens media with the builder's reader, and finds fake disks as it does
  'prove>staging', // a prestaged medium is laid on the proof's disk as the station lays it
  'prove>build', // a proof reads the medium back with the reader the builder uses
]);

interface Edge {
  readonly from: string;
  readonly to: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const files = ['commands', 'media', 'src'].flatMap(sources);
const importPattern =
  /^\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|^\s*import\s+['"]([^'"]+)['"]/gm;

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

const edges: Edge[] = files.flatMap((from) =>
  importsOf(from)
    .filter((target) => target.startsWith('.'))
    .map((target) => ({ from, to: relative(root, resolve(root, dirname(from), target)) })),
);

function wingOf(file: string): { wing: string; layer: number } {
  const [top = '', wing = ''] = file.split('/');
  if (top === 'commands') return { wing: top, layer: layers.length + 1 };
  if (top === 'media') return { wing: top, layer: layers.length };
  const layer = layers.findIndex((names) => names.includes(wing));
  if (layer < 0) throw new Error(`src/${wing} is in no layer of this test`);
  return { wing, layer };
}

describe('architecture', () => {
  it('has no upward or sideways imports', () => {
    const wrong = edges.filter(({ from, to }) => {
      const source = wingOf(from);
      const target = wingOf(to);
      if (source.wing === target.wing || target.layer < source.layer) return false;
      return !(target.layer === source.layer && allowedSiblings.has(`${source.wing}>${target.wing}`));
    });
    expect(wrong).toEqual([]);
  });

  it('has no import circles', () => {
    const graph = Map.groupBy(edges, ({ from }) => from);
    const done = new Set<string>();
    const circles: string[][] = [];
    const visit = (file: string, trail: string[]): void => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file]);
        return;
      }
      if (done.has(file)) return;
      for (const { to } of graph.get(file) ?? []) visit(to, [...trail, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('reaches processes, files, sockets, clock and randomness only through src/host', () => {
    const forbiddenModules =
      /^(node:)?(child_process|fs|fs\/promises|net|dgram|http|https|tls|timers|timers\/promises|os|worker_threads)$|^execa$/;
    const forbiddenCalls =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\brandom(Bytes|UUID|Int|FillSync)\(|\bsetInterval\(|\bsetTimeout\(/;
    const found: string[] = [];
    for (const file of files.filter((name) => !name.startsWith('src/host/'))) {
      for (const target of importsOf(file)) if (forbiddenModules.test(target)) found.push(`${file} imports ${target}`);
      const text = readFileSync(join(root, file), 'utf8');
      text.split('\n').forEach((line, index) => {
        const code = line.replace(/^\s*(\*|\/\/).*$/, '');
        if (
          forbiddenCalls.test(code) &&
          !/from '.*host\//.test(code) &&
          !/\b(host|clock|random)\w*\.random/.test(code)
        ) {
          if (!(/randomBytes\(/.test(code) && importsOf(file).some((name) => name.endsWith('host/random.ts'))))
            found.push(`${file}:${index + 1} ${line.trim()}`);
        }
      });
    }
    expect(found).toEqual([]);
  });

  it('keeps files to one idea', () => {
    const budget = 300;
    const long = files
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > budget);
    expect(long).toEqual([]);
  });
});
