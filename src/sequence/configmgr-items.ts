import { childrenOf, formatXml, textOf, type XmlElement } from '../formats/xml.ts';
import type { Place, Problem } from '../model/error.ts';
import type {
  Condition,
  ContentReference,
  Environment,
  Group,
  Preserved,
  SequenceItem,
  SequenceVariable,
  Step,
  XmlProperty,
} from '../model/sequence.ts';
import { readXmlCondition } from './configmgr-condition.ts';

const environmentsOf: Readonly<Record<string, readonly Environment[]>> = {
  winpe: ['boot'],
  fullos: ['deployed'],
  winpeandfullos: ['boot', 'deployed'],
};

/** Reads what stands inside `<sequence>`. Whatever the model has no place for is kept as raw XML. */
export class XmlItemReader {
  private readonly file: string;
  private readonly problems: Problem[];
  private readonly shift: (place: { line: number; column: number }) => { line: number; column: number };

  constructor(file: string, problems: Problem[], shift: XmlItemReader['shift']) {
    this.file = file;
    this.problems = problems;
    this.shift = shift;
  }

  place(element: { line: number; column: number }, path: string): Place {
    return { file: this.file, ...this.shift(element), ...(path === '' ? {} : { path }) };
  }

  lists(sequence: XmlElement): {
    references: ContentReference[];
    variables: SequenceVariable[];
    unknown: string[];
  } {
    const references: ContentReference[] = [];
    const variables: SequenceVariable[] = [];
    const unknown: string[] = [];
    for (const child of childrenOf(sequence)) {
      if (isItem(child)) continue;
      const entries = childrenOf(child);
      if (child.name === 'referenceList' && entries.every(isReference)) references.push(...entries.map(referenceOf));
      else if (child.name === 'globalVarList' && entries.every(isVariable)) variables.push(...entries.map(variableOf));
      else {
        unknown.push(formatXml(child));
        this.warn(child, '', `The element <${child.name}> is not understood; it is kept as it is.`);
      }
    }
    return { references, variables, unknown };
  }

  /** Groups and steps in document order, which is the order of execution. */
  items(parent: XmlElement, path: string): SequenceItem[] {
    return childrenOf(parent)
      .filter(isItem)
      .map((child) => (child.name === 'group' ? this.group(child, path) : this.step(child, path)));
  }

  private group(element: XmlElement, parent: string): Group {
    const path = `${parent}/${element.attributes['name'] ?? ''}`;
    const { name, description, disable, continueOnError, ...attributes } = element.attributes;
    const parts = this.parts(element, path, ['condition', 'group', 'step', 'subtasksequence']);
    return {
      kind: 'group',
      name: name ?? '',
      description: description ?? '',
      disabled: isTrue(disable),
      continueOnError: isTrue(continueOnError),
      ...parts.condition,
      items: this.items(element, path),
      place: this.place(element, path),
      ...preserved(attributes, parts.unknown),
    };
  }

  private step(element: XmlElement, parent: string): Step {
    const {
      type,
      name,
      description,
      disable,
      continueOnError,
      runIn,
      successCodeList,
      retryCount,
      timeout,
      ...others
    } = element.attributes;
    const path = `${parent}/${name ?? ''}`;
    const attributes: Record<string, string> = others;
    const number = (attribute: string, text: string | undefined): number => {
      if (text === undefined || text === '') return 0;
      if (/^\d{1,9}$/.test(text)) return Number(text);
      attributes[attribute] = text;
      this.warn(element, path, `${attribute}="${text}" is not a number; it counts as 0.`);
      return 0;
    };
    const environments = environmentsOf[runIn?.toLowerCase() ?? ''] ?? [];
    if (runIn !== undefined && environments.length === 0) attributes['runIn'] = runIn;
    const parts = this.parts(element, path, ['condition', 'expression', 'action', 'defaultVarList']);
    const list = childrenOf(element, 'defaultVarList')[0];
    const entries = list === undefined ? [] : childrenOf(list);
    if (list !== undefined && !entries.every(isPlainVariable)) parts.unknown.push(formatXml(list));
    return {
      kind: 'step',
      name: name ?? '',
      description: description ?? '',
      disabled: isTrue(disable),
      continueOnError: isTrue(continueOnError),
      ...parts.condition,
      type: type ?? (element.name === 'subtasksequence' ? 'SMS_TaskSequence_SubTasksequence' : ''),
      settings: {},
      environments,
      successCodes: this.successCodes(element, path, attributes),
      retryCount: number('retryCount', retryCount),
      timeoutSeconds: number('timeout', timeout),
      properties: entries.filter(isVariable).map(propertyOf),
      action: textOf(childrenOf(element, 'action')[0]),
      place: this.place(element, path),
      ...preserved(attributes, parts.unknown),
    };
  }

  private successCodes(element: XmlElement, path: string, attributes: Record<string, string>): number[] {
    const text = element.attributes['successCodeList']?.trim() ?? '';
    if (text === '') return [0, 3010];
    const words = text.split(/[\s,]+/);
    if (words.every((word) => /^-?\d{1,10}$/.test(word))) return words.map(Number);
    attributes['successCodeList'] = text;
    this.warn(element, path, `successCodeList="${text}" is not a list of numbers; 0 and 3010 count as success.`);
    return [0, 3010];
  }

  private parts(
    element: XmlElement,
    path: string,
    known: readonly string[],
  ): { condition: { condition?: Condition }; unknown: string[] } {
    const strangers = childrenOf(element).filter((child) => !known.includes(child.name));
    const unknown = strangers.map(formatXml);
    for (const child of strangers) {
      // MDT's editor puts an empty <action/> into groups; it means nothing.
      if (child.name === 'action' && child.children.length === 0) continue;
      this.warn(child, path, `The element <${child.name}> is not understood; it is kept as it is.`);
    }
    const operands = childrenOf(element).filter(({ name }) => name === 'condition' || name === 'expression');
    const stray = operands.find(({ name }) => name === 'expression');
    if (stray !== undefined && known.includes('expression')) {
      this.warn(stray, path, 'An expression stands directly in a step; it is read as a condition.');
    }
    const read = operands.map((operand) => readXmlCondition(operand));
    for (const { warnings, raw } of read) {
      for (const { at, message } of warnings) this.warn(at, path, message);
      if (raw !== undefined) unknown.push(raw);
    }
    const conditions = read.flatMap(({ condition }) => condition ?? []);
    if (conditions.length === 0) return { condition: {}, unknown };
    const condition = conditions.length === 1 ? conditions[0]! : ({ kind: 'all', operands: conditions } as const);
    return { condition: { condition }, unknown };
  }

  private warn(element: { line: number; column: number }, path: string, message: string): void {
    this.problems.push({ severity: 'warning', code: 'BW-SEQUENCE-011', message, ...this.place(element, path) });
  }
}

function isItem({ name }: XmlElement): boolean {
  return name === 'group' || name === 'step' || name === 'subtasksequence';
}

function isReference({ name, attributes }: XmlElement): boolean {
  return name === 'reference' && (attributes['package'] ?? attributes['application']) !== undefined;
}

function referenceOf({ attributes }: XmlElement): ContentReference {
  const { package: id, application, program } = attributes;
  const common = program === undefined ? {} : { program };
  return id === undefined
    ? { kind: 'application', id: application ?? '', ...common }
    : { kind: 'package', id, ...common };
}

function isVariable({ name, attributes }: XmlElement): boolean {
  return name === 'variable' && attributes['name'] !== undefined;
}

/** Nothing in it that `XmlProperty` has no place for. */
function isPlainVariable(element: XmlElement): boolean {
  const { name: _name, property, hidden: _hidden, ...others } = element.attributes;
  return isVariable(element) && property !== undefined && Object.keys(others).length === 0 && !childrenOf(element)[0];
}

function variableOf(element: XmlElement): SequenceVariable {
  const { name = '', property, hidden } = element.attributes;
  const value = textOf(element);
  return {
    name,
    value,
    ...(property === undefined ? {} : { property }),
    // As on steps: design-time data, not a secret; what is secret shows by its name.
    ...(isTrue(hidden) ? { hidden: true } : {}),
  };
}

function propertyOf(element: XmlElement): XmlProperty {
  const { name = '', property = name, hidden } = element.attributes;
  return { variable: name, property, value: textOf(element), hidden: isTrue(hidden) };
}

function preserved(
  attributes: Readonly<Record<string, string>>,
  elements: readonly string[],
): { preserved?: Preserved } {
  const found = {
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    ...(elements.length === 0 ? {} : { elements }),
  };
  return Object.keys(found).length === 0 ? {} : { preserved: found };
}

/** Attributes are lower case in exports, hand-made files mix. */
function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
