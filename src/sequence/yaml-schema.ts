import * as z from 'zod';
import type { VariableOperator } from '../model/sequence.ts';

/**
 * The authored form of a sequence without the settings of steps, which their types know. Readers and the JSON Schemas
 * for editors are made of these same pieces.
 */
export const variableOperators = [
  'exists',
  'notExists',
  'equals',
  'notEquals',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'like',
  'notLike',
] as const satisfies readonly VariableOperator[];

/** 1 to 256 characters; a leading `_` marks variables of the engine, which nothing authored may set. */
export const variableNamePattern = /^[A-Za-z][A-Za-z0-9_-]{0,255}$/;

export const secretReferenceSchema = z
  .strictObject({ $secret: z.string() })
  .describe('!secret NAME: a value stored with `bootwright secret set NAME`');

const plainValue = z.union([z.string(), z.number(), z.boolean()]);

export const variableValueSchema = z.union([z.string().max(4000), z.number(), z.boolean(), secretReferenceSchema]);

export const variableConditionSchema = z.strictObject({
  variable: z.string().min(1).max(256).describe('name of the task sequence variable, without percent signs'),
  operator: z.enum(variableOperators),
  value: plainValue.optional().describe('not needed for exists and notExists; may hold %VARIABLES%'),
});

export const conditionKeys = ['all', 'any', 'none'] as const;

const commonKeys = {
  name: z.string().min(1).max(100).optional().describe('shown in plans, on the screen and in logs'),
  description: z.string().max(255).optional(),
  disabled: z.boolean().optional().describe('skipped, with everything below it'),
  continueOnError: z.boolean().optional().describe('a failure does not fail the group around it'),
};

/** Keys of a group but for `condition` and `steps`, whose content is read item by item. */
export const groupKeys = { group: z.string().min(1).max(100), ...commonKeys };

export const environmentNames = ['boot', 'deployed', 'any'] as const;

/** Keys every step takes but for `condition`; all other keys are settings of its type. */
export const stepKeys = {
  step: z.string().min(1).describe('type of the step'),
  ...commonKeys,
  runIn: z.enum(environmentNames).optional().describe('boot environment, deployed system, or any'),
  successCodes: z.array(z.int().min(-2147483648).max(4294967295)).optional().describe('default: 0 and 3010'),
  retryCount: z.int().min(0).max(5).optional().describe('retries after an unexpected restart'),
  timeoutSeconds: z.int().min(0).max(604800).optional().describe('0: no limit'),
};

export const sequenceKeys = {
  name: z.string().min(1).max(100),
  description: z.string().max(255).optional(),
  bootImage: z.string().min(1).optional().describe('name of a folder below boot-images/'),
  variables: z.record(z.string(), variableValueSchema).optional().describe('set for the whole run'),
};
