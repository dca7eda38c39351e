import { SaxesParser } from 'saxes';

/** An element with everything needed to write it back: attributes in order, texts and CDATA as one text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
  readonly line: number;
  readonly column: number;
}

/** The text is not XML we read; `line` and `column` count from 1. */
export class XmlFault extends Error {
  readonly line: number;
  readonly column: number;

  constructor(reason: string, line: number, column: number) {
    super(reason);
    this.line = line;
    this.column = column;
  }
}

interface OpenElement extends XmlElement {
  readonly children: (XmlElement | string)[];
}

/**
 * Parses a document into a tree. Comments and processing instructions are dropped.
 *
 * @throws XmlFault for anything not well-formed, for a DOCTYPE (entities are a door for attacks and no producer of these
 * files writes one), and past `maxDepth`.
 */
export function parseXml(text: string, maxDepth = 256): XmlElement {
  // With `xmlns: true` deep nesting takes quadratic time in saxes 6.
  const parser = new SaxesParser({ xmlns: false });
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let start = { line: 1, column: 1 };
  const fail = (reason: string): never => {
    throw new XmlFault(reason, parser.line, parser.columnIndex + 1);
  };
  const append = (piece: string): void => {
    const children = open.at(-1)?.children;
    if (children === undefined || piece === '') return;
    if (typeof children.at(-1) === 'string') children.push(`${children.pop()}${piece}`);
    else children.push(piece);
  };
  parser.on('error', (error) => fail(error.message.replace(/^\d+:\d+: /, '')));
  parser.on('doctype', () => fail('a DOCTYPE is not accepted'));
  parser.on('opentagstart', ({ name }) => {
    start = { line: parser.line, column: Math.max(1, parser.columnIndex - name.length - 1) };
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length >= maxDepth) fail(`elements are nested more than ${maxDepth} deep`);
    const element: OpenElement = { name, attributes, children: [], ...start };
    open.at(-1)?.children.push(element);
    open.push(element);
    root ??= element;
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', append);
  parser.on('cdata', append);
  parser.write(text.replace(/^\uFEFF/, '')).close();
  return root ?? fail('there is no element');
}

/** Child elements of a name; all of them without one. */
export function childrenOf(element: XmlElement, name?: string): XmlElement[] {
  return element.children.filter(
    (child): child is XmlElement => typeof child !== 'string' && (name === undefined || child.name === name),
  );
}

/** All text directly inside an element, untrimmed. */
export function textOf(element: XmlElement | undefined): string {
  return element?.children.filter((child) => typeof child === 'string').join('') ?? '';
}

/** Writes an element so that parsing gives it again. White space in attributes is kept by character references. */
export function formatXml(element: XmlElement): string {
  const attributes = Object.entries(element.attributes).map(
    ([name, value]) =>
      ` ${name}="${escapeText(value)
        .replaceAll('"', '&quot;')
        .replace(/[\t\n]/g, reference)}"`,
  );
  const content = element.children
    .map((child) => (typeof child === 'string' ? escapeText(child) : formatXml(child)))
    .join('');
  const start = `<${element.name}${attributes.join('')}`;
  return content === '' ? `${start}/>` : `${start}>${content}</${element.name}>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replace(/\r/g, reference);
}

function reference(character: string): string {
  return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
}
