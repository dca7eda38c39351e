import * as z from 'zod';
import type { StepType } from '../model/step.ts';
import { conditionKeys, groupKeys, sequenceKeys, stepKeys, variableConditionSchema } from '../sequence/yaml-schema.ts';
import { stepTypes } from '../steps/index.ts';
import { applicationSchema, packageSchema } from './content-schemas.ts';
import { collectionSchema, deploymentSchema, deviceSchema } from './deployment-schema.ts';
import { imageSchema, siteSchema } from './schema.ts';

type JsonSchema = Record<string, unknown>;

/**
 * JSON Schemas of all authored files, for editors: file name → text. Made of the schemas `check` uses. Draft 7, because
 * the language servers of common editors know later drafts only in part.
 */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const schemas = {
    site: convert(siteSchema),
    image: convert(imageSchema),
    sequence: sequenceJsonSchema(stepTypes),
    package: convert(packageSchema),
    application: convert(applicationSchema),
    device: convert(deviceSchema),
    collection: convert(collectionSchema),
    deployment: convert(deploymentSchema),
  };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      `${name}.json`,
      `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }, null, 2)}\n`,
    ]),
  );
}

function sequenceJsonSchema(types: readonly StepType[]): JsonSchema {
  const items = { type: 'array', items: { $ref: '#/definitions/item' } };
  const condition = { $ref: '#/definitions/condition' };
  return {
    title: 'Bootwright task sequence',
    ...closed({ ...propertiesOf(convert(z.strictObject(sequenceKeys))), steps: items }, ['name', 'steps']),
    definitions: {
      item: {
        type: 'object',
        // By the key that is there, so that editors say what is wrong with a step instead of "no branch fits".
        if: { required: ['group'] },
        // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema.
        then: closed({ ...propertiesOf(convert(z.strictObject(groupKeys))), condition, steps: items }, ['group']),
        else: stepJsonSchema(types, condition),
      },
      condition: {
        anyOf: [
          { $ref: '#/definitions/conditions' },
          {
            ...convert(variableConditionSchema),
            if: { properties: { operator: { enum: ['exists', 'notExists'] } } },
            else: { required: ['value'] },
          },
          ...conditionKeys.map((key) => closed({ [key]: { $ref: '#/definitions/conditions' } }, [key])),
        ],
      },
      conditions: { type: 'array', items: condition, minItems: 1 },
    },
  };
}

function stepJsonSchema(types: readonly StepType[], condition: JsonSchema): JsonSchema {
  const common = { ...propertiesOf(convert(z.strictObject(stepKeys))), condition };
  return {
    required: ['step'],
    properties: { step: { enum: types.flatMap(namesOf), description: 'type of the step' } },
    allOf: types.map((type) => {
      const { required = [], ...settings } = convert(type.settings);
      return {
        if: { properties: { step: { enum: namesOf(type) } }, required: ['step'] },
        // biome-ignore lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema.
        then: {
          ...closed({ ...common, ...propertiesOf(settings), step: { enum: namesOf(type) } }, [
            'step',
            ...(required as string[]),
          ]),
          title: type.title,
          description: type.summary,
        },
      };
    }),
  };
}

function namesOf({ name, type, aliases }: StepType): string[] {
  return [name, type, ...aliases];
}

/** Input form: defaults make keys optional. Editors see `!secret name` as the plain text `name`. */
function convert(schema: z.ZodType): JsonSchema {
  const converted = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  }) as JsonSchema;
  delete converted['$schema'];
  return allowTaggedSecrets(converted) as JsonSchema;
}

function allowTaggedSecrets(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(allowTaggedSecrets);
  if (typeof node !== 'object' || node === null) return node;
  const isSecret = Object.keys(propertiesOf(node as JsonSchema)).join() === '$secret';
  if (isSecret) return { anyOf: [{ type: 'string' }, node] };
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, allowTaggedSecrets(value)]));
}

function propertiesOf(schema: JsonSchema): JsonSchema {
  return (schema['properties'] ?? {}) as JsonSchema;
}

function closed(properties: JsonSchema, required: readonly string[]): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}
