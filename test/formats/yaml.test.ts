import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readYaml } from '../../src/formats/yaml.ts';

const problems = (text: string): string[] =>
  readYaml(text, 'f').problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe('readYaml', () => {
  it('refuses what would silently mean something else', () => {
    expect(problems('version: 1.10')).toEqual(['1:10 1.10 would be read as the number 1.1.']);
    expect(problems('code: 0123')).toEqual(['1:7 0123 would be read as the number 123.']);
    expect(problems('mask: 0x1F')).toEqual(['1:7 0x1F would be read as the number 31.']);
    expect(problems('a: &x 1\nb: *x')).toEqual(['2:4 Aliases (*name) are not read.']);
    expect(problems('a: 1\nb: 2\na: 3')).toEqual(['3:1 The key "a" stands here for the second time.']);
    expect(problems('a: !!python/object x')).toEqual(['1:4 Unresolved tag: tag:yaml.org,2002:python/object.']);
    expect(problems('a: 1\n---\nb: 2')).toEqual([
      '2:1 The file holds a second document (after ---); only one is allowed.',
    ]);
    expect(problems('__proto__: { polluted: true }')).toEqual(['1:1 This cannot be a key.']);
    expect(problems('a: !secret two words')).toHaveLength(1);
    expect(problems('a:\n\t- b')).not.toEqual([]);
  });

  it('keeps plain words plain: no booleans but true and false, no dates', () => {
    expect(readYaml('a: [yes, no, on, 2027-01-31, 12:30, ~, true, "1"]', 'f').value).toEqual({
      a: ['yes', 'no', 'on', '2027-01-31', '12:30', null, true, '1'],
    });
  });

  it('is not slowed down by many keys', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1`).join('\n');
    expect(Object.keys(readYaml(text, 'f').value as object)).toHaveLength(20_000);
  });

  // A file written by another program reads back as the same value, and every place points at what stands there.
  it('finds every value of any document where it stands', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => !['true', 'false', 'null'].includes(text));
    const { document } = fc.letrec<{ document: unknown }>((tie) => ({
      document: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        word,
        fc.integer({ min: -999_999, max: 999_999 }),
        fc.boolean(),
        fc.array(tie('document'), { maxLength: 4 }),
        fc.dictionary(word, tie('document'), { maxKeys: 4 }),
      ),
    }));
    const layout = fc.record({ indent: fc.constantFrom(1, 2, 4), indentSeq: fc.boolean(), flow: fc.boolean() });
    fc.assert(
      fc.property(fc.dictionary(word, document, { minKeys: 1, maxKeys: 4 }), layout, (value, { flow, ...options }) => {
        const text = stringify(value, { ...options, collectionStyle: flow ? 'flow' : 'any', lineWidth: 0 });
        const source = readYaml(text, 'f');
        expect(source.problems).toEqual([]);
        expect(source.value).toEqual(value);
        const lines = text.split('\n');
        const at = (path: PropertyKey[], which: 'key' | 'value'): string => {
          const { line, column } = source.place(path, which);
          return lines[line! - 1]!.slice(column! - 1);
        };
        const visit = (node: unknown, path: PropertyKey[]): void => {
          if (typeof node !== 'object') expect(at(path, 'value').startsWith(String(node))).toBe(true);
          else if (Array.isArray(node)) for (const [index, item] of node.entries()) visit(item, [...path, index]);
          else
            for (const [key, item] of Object.entries(node as object)) {
              expect(at([...path, key], 'key').startsWith(key)).toBe(true);
              visit(item, [...path, key]);
            }
        };
        visit(value, []);
      }),
      { numRuns: 300 },
    );
  });
});
