import { childrenOf, formatXml, parseXml, textOf, type XmlElement, XmlFault } from '../formats/xml.ts';
import type { Place, Problem } from '../model/error.ts';
import type { TaskSequence } from '../model/sequence.ts';
import { XmlItemReader } from './configmgr-items.ts';
import { idOf } from './read-yaml.ts';
import type { SequenceReading } from './reading.ts';

// The console refuses sequences above 2 MB; escaped as an export object they grow, and the object holds more.
const maxLength = 8 * 1024 * 1024;

/**
 * Reads a Configuration Manager task sequence: an export's `object.xml` or a bare `<sequence version="3.10">`.
 * Finds everything that is wrong or not understood; never throws for bad input.
 */
export function readConfigmgrSequence(text: string, file: string): SequenceReading {
  const problems: Problem[] = [];
  const failed = (code: Problem['code'], message: string, at: Partial<Place> = {}, fix?: string): SequenceReading => ({
    problems: [...problems, { severity: 'error', code, message, ...(fix === undefined ? {} : { fix }), file, ...at }],
    locate,
  });
  const locate: SequenceReading['locate'] = (step) => step?.place ?? { file };

  if (text.startsWith('PK\u0003\u0004')) {
    return failed(
      'BW-SEQUENCE-009',
      'This is the zip container of a console export. It cannot be read as a whole yet.',
      {},
      'Unzip it and give SMS_TaskSequencePackage/<ID>/object.xml.',
    );
  }
  if (text.length > maxLength) {
    return failed('BW-SEQUENCE-007', `The file is larger than ${maxLength / 1024 / 1024} MiB and was not read.`);
  }
  // Blank lines before an XML declaration are not well-formed, but people paste them.
  const [lead = ''] = /^\uFEFF?\s*/.exec(text) ?? [];
  let origin: Origin = { line: lead.split('\n').length, column: 1 };
  try {
    const root = parseXml(text.slice(lead.length));
    const found = unwrap(root);
    if ('refusal' in found) return failed('BW-SEQUENCE-009', found.refusal, shift(root, origin), found.fix);
    if (found.inner !== undefined) origin = shift(found.inner, origin);
    const element = found.inner === undefined ? root : parseXml(found.inner.text);
    if (element.name !== 'sequence') {
      const message = `The package holds <${element.name}> where its sequence should be.`;
      return failed('BW-SEQUENCE-009', message, shift(element, origin));
    }
    const reader = new XmlItemReader(file, problems, (place) => shift(place, origin));
    return { sequence: sequenceOf(element, found.instance, file, reader), problems, locate };
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    const message = `This is not well-formed XML: ${error.message.replace(/\.$/, '')}.`;
    const bare = /<sequence[\s>]/.exec(text);
    return bare !== null && !text.slice(0, bare.index).includes('CLASSNAME') && bare.index > 0
      ? failed('BW-SEQUENCE-008', message, shift(error, origin), 'Remove everything before <sequence> and try again.')
      : failed('BW-SEQUENCE-008', message, shift(error, origin));
  }
}

interface Origin {
  readonly line: number;
  readonly column: number;
}

type Unwrapped =
  | { readonly refusal: string; readonly fix?: string }
  | { readonly instance?: XmlElement; readonly inner?: Origin & { readonly text: string } };

/** Finds the sequence in what the file turned out to be (spec: wrappers W1 to W5). */
function unwrap(root: XmlElement): Unwrapped {
  switch (root.name) {
    case 'sequence':
      // Only MDT gives the element itself a name; Configuration Manager keeps it in the package.
      if (root.attributes['name'] === undefined) return {};
      return { refusal: 'This is a task sequence of MDT, which this version does not read yet.' };
    case 'INSTANCE': {
      const kind = root.attributes['CLASSNAME'] ?? 'unknown';
      if (kind !== 'SMS_TaskSequencePackage')
        return { refusal: `This is an object of class ${kind}, not a task sequence.` };
      const [value] = childrenOf(propertyOf(root, 'Sequence') ?? root, 'VALUE');
      if (value === undefined) return { refusal: 'The package holds no sequence.' };
      const column = value.column + '<VALUE><![CDATA['.length;
      return { instance: root, inner: { text: textOf(value), line: value.line, column } };
    }
    case 'SmsTaskSequencePackage':
      return {
        refusal: 'This is a task sequence of Configuration Manager 2007, which this version does not read yet.',
      };
    case 'LibraryDocument':
      return { refusal: 'This is the table of contents of an export, not a task sequence.' };
    default:
      return { refusal: `<${root.name}> is not a task sequence.` };
  }
}

function sequenceOf(
  element: XmlElement,
  instance: XmlElement | undefined,
  file: string,
  reader: XmlItemReader,
): TaskSequence {
  const { version, ...attributes } = element.attributes;
  const property = (name: string): string => textOf(childrenOf(propertyOf(instance, name) ?? element, 'VALUE')[0]);
  const lists = reader.lists(element);
  const items = reader.items(element, '');
  const elements = [...lists.unknown, ...(instance === undefined ? [] : [formatXml(withoutSequence(instance))])];
  const bootImage = property('BootImageID');
  return {
    id: property('PackageID') || idOf(file),
    name: property('Name') || idOf(file),
    description: property('Description'),
    dialect: 'configmgr',
    ...(version === undefined ? {} : { version }),
    ...(bootImage === '' ? {} : { bootImage }),
    variables: lists.variables,
    references: lists.references,
    items,
    place: reader.place(element, ''),
    ...(elements.length + Object.keys(attributes).length === 0 ? {} : { preserved: { attributes, elements } }),
  };
}

function propertyOf(instance: XmlElement | undefined, name: string): XmlElement | undefined {
  if (instance === undefined) return undefined;
  return childrenOf(instance, 'PROPERTY').find((child) => child.attributes['NAME'] === name);
}

/** The package object around the sequence, to be written back around it. */
function withoutSequence(instance: XmlElement): XmlElement {
  const sequence = propertyOf(instance, 'Sequence');
  const children = instance.children.map((child) =>
    child !== sequence ? child : { ...sequence, children: sequence.children.filter((part) => !isValue(part)) },
  );
  return { ...instance, children };
}

function isValue(node: XmlElement | string): boolean {
  return typeof node !== 'string' && node.name === 'VALUE';
}

/** A position inside the CDATA section as a position in the file. */
function shift(place: Origin, origin: Origin): { line: number; column: number } {
  const { line, column } = place;
  return { line: line + origin.line - 1, column: line === 1 ? column + origin.column - 1 : column };
}
