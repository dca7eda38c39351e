import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childrenOf, formatXml, parseXml, textOf, type XmlElement, XmlFault } from '../../src/formats/xml.ts';

function faultOf(text: string): string {
  try {
    parseXml(text);
  } catch (error) {
    if (error instanceof XmlFault) return `${error.line}:${error.column} ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('parseXml', () => {
  it('keeps order, text, CDATA and white space, and knows where elements begin', () => {
    const root = parseXml('<a>\n  <b x="1&#xA;2" y=\'"\'> <![CDATA[<q>&]]>\r\n</b>\n  <c/>\n</a>');
    const [b, c] = childrenOf(root);
    expect(b).toMatchObject({ attributes: { x: '1\n2', y: '"' }, line: 2, column: 3 });
    expect(textOf(b)).toBe(' <q>&\n');
    expect(c).toMatchObject({ name: 'c', line: 4, column: 3 });
  });

  it('refuses doors for attacks and what is not well-formed, with the place', () => {
    expect(faultOf('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')).toMatch(/^1:\d+ a DOCTYPE is not accepted$/);
    expect(faultOf('<a>\n <b></a>')).toMatch(/^2:\d+ unexpected close tag/);
    expect(faultOf('<a>&unknown;</a>')).toMatch(/^1:/);
    expect(faultOf('')).toMatch(/^1:/);
    expect(faultOf(`${'<a>'.repeat(50_000)}`)).toMatch(/nested more than 256 deep/);
  });

  it('reads back what formatXml writes, byte for byte the second time', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'ü', '<', '>', '&', '"', "'", ' ', '\n', '\t', '\r', ']]>', '😀'),
    });
    const name = fc.stringMatching(/^[a-z]{1,6}$/);
    const { element } = fc.letrec<{ element: Omit<XmlElement, 'line' | 'column'> }>((tie) => ({
      element: fc.record({
        name,
        attributes: fc.dictionary(name, text, { maxKeys: 3 }),
        children: fc.array(fc.oneof({ maxDepth: 4 }, text, tie('element')), { maxLength: 4 }),
      }) as fc.Arbitrary<Omit<XmlElement, 'line' | 'column'>>,
    }));
    fc.assert(
      fc.property(element, (tree) => {
        const written = formatXml(tree as XmlElement);
        const read = parseXml(written);
        expect(read.attributes).toEqual({ ...(tree as XmlElement).attributes });
        expect(formatXml(read)).toBe(written);
      }),
    );
  });
});
