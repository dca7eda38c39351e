import { childrenOf, formatXml, textOf, type XmlElement } from '../formats/xml.ts';
import type { Condition, VariableOperator } from '../model/sequence.ts';
import { variableOperators } from './yaml-schema.ts';

export interface XmlConditionReading {
  readonly condition?: Condition;
  readonly warnings: readonly { readonly at: XmlElement; readonly message: string }[];
  /** The element as written, when the model has no place for everything in it. */
  readonly raw?: string;
}

const kinds: Readonly<Record<string, 'all' | 'any' | 'none'>> = { and: 'all', or: 'any', not: 'none' };
const variableExpression = 'SMS_TaskSequence_VariableConditionExpression';

/** Reads a `<condition>` (its children must all hold) or a single `<expression>`. */
export function readXmlCondition(element: XmlElement): XmlConditionReading {
  const warnings: { at: XmlElement; message: string }[] = [];
  let lossy = false;

  const read = (node: XmlElement): Condition => {
    const { type = '', ...others } = node.attributes;
    if (Object.keys(others).length > 0) lossy = true;
    const kind = kinds[type.toLowerCase()];
    if (node.name === 'operator' && kind !== undefined) {
      const operands = childrenOf(node).map(read);
      if (operands.length === 0) {
        warnings.push({ at: node, message: `The empty operator "${type}" is always true.` });
        lossy = true;
        return { kind: 'all', operands };
      }
      return { kind, operands };
    }
    const condition = node.name === 'expression' && type === variableExpression ? readVariable(node) : undefined;
    if (condition !== undefined) return condition;
    return { kind: 'unsupported', type: type === '' ? node.name : type, raw: formatXml(node) };
  };

  const readVariable = (node: XmlElement): Condition | undefined => {
    const fields = new Map(
      childrenOf(node).map((child) => [child.attributes['name']?.toLowerCase() ?? '', textOf(child)]),
    );
    const wanted = fields.get('operator')?.toLowerCase();
    const operator = variableOperators.find((known) => known.toLowerCase() === wanted);
    const variable = fields.get('variable')?.trim();
    if (operator === undefined || variable === undefined || variable === '') return undefined;
    if (fields.size !== 3 || childrenOf(node).length !== 3) lossy = true;
    const value = fields.get('value');
    return {
      kind: 'variable',
      variable,
      operator: operator satisfies VariableOperator,
      ...(value === undefined ? {} : { value }),
    };
  };

  if (element.name === 'expression') {
    const condition = read(element);
    return { condition, warnings, raw: formatXml(element) };
  }
  const operands = childrenOf(element).map(read);
  if (Object.keys(element.attributes).length > 0) lossy = true;
  if (operands.length === 0) warnings.push({ at: element, message: 'The condition is empty: always true.' });
  const keep = lossy || operands.length === 0 ? { raw: formatXml(element) } : {};
  if (operands.length === 0) return { warnings, ...keep };
  return { condition: operands.length === 1 ? operands[0]! : { kind: 'all', operands }, warnings, ...keep };
}
