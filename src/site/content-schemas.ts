import * as z from 'zod';
import type { ApplicationDefinition, PackageDefinition } from '../model/software.ts';
import { variableConditionSchema } from '../sequence/yaml-schema.ts';
import { idPattern } from './schema.ts';

/**
 * `package.yaml` and `applications/<ID>.yaml`. Limits and defaults are Configuration Manager's: 120 minutes for a program,
 * 0 and 3010 for success.
 */
const exitCode = z.int().min(-2147483648).max(4294967295);

const runKeys = {
  runAs: z.enum(['system', 'user']).optional().describe('default: system'),
  successCodes: z.array(exitCode).min(1).optional().describe('default: 0, and 3010 which asks for a restart'),
  timeoutMinutes: z.int().min(1).max(1440).optional().describe('default: 120'),
};

const commandLine = z.string().min(1).max(8000).describe('run in the folder of the files; may hold %VARIABLES%');

const programSchema = z.strictObject({
  name: z.string().min(1).max(100),
  command: commandLine,
  ...runKeys,
  restart: z
    .enum(['never', 'program', 'always'])
    .optional()
    .describe('never (default), always after it, or program: it restarts the machine itself'),
});

export const packageSchema = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  description: z.string().max(255).optional(),
  kind: z.enum(['package', 'driver-package']).optional().describe('default: package'),
  confidential: z.boolean().optional().describe('kept and published only encrypted'),
  programs: z.array(programSchema).optional(),
});

const version = z.string().regex(/^\d+(\.\d+){0,5}$/, 'write a version as 1.2 or 10.0.22631.1');
const versionOperator = z.enum(['equals', 'notEquals', 'less', 'lessEqual', 'greater', 'greaterEqual']);

const detectionRuleSchema = z.union([
  z.strictObject({
    file: z.string().min(1).max(1000).describe('path on the machine; there is such a file or folder'),
    version: z.strictObject({ operator: versionOperator, value: version }).optional(),
  }),
  z.strictObject({
    command: commandLine,
    exitCode: exitCode.optional().describe('the application is there when it ends with this; default: 0'),
  }),
  z.strictObject({
    registry: z.string().min(1).max(1000).describe('key or value, kept as it is'),
    value: z.string().max(1000).optional(),
    version: z.strictObject({ operator: versionOperator, value: version }).optional(),
  }),
]);

const requirementSchema = z.union([
  z.strictObject({ architecture: z.array(z.enum(['x86', 'x64', 'arm64'])).min(1) }),
  z.strictObject({ operatingSystem: z.array(z.string().min(1).max(100)).min(1) }),
  z.strictObject({ memory: z.string().regex(/^[1-9]\d* ?(MB|GB)$/, 'write 512 MB or 4 GB') }),
  z.strictObject({ freeSpace: z.string().regex(/^[1-9]\d* ?(MB|GB)$/, 'write 512 MB or 4 GB') }),
  variableConditionSchema,
]);

const installSchema = z.strictObject({ command: commandLine, ...runKeys });

export const applicationSchema = z.strictObject({
  name: z.string().min(1).max(100),
  description: z.string().max(255).optional(),
  publisher: z.string().max(100).optional(),
  version: z.string().max(64).optional(),
  confidential: z.boolean().optional().describe('kept and published only encrypted'),
  install: installSchema,
  uninstall: installSchema.optional(),
  detection: z.array(detectionRuleSchema).min(1).describe('installed when all of them hold'),
  requirements: z.array(requirementSchema).optional().describe('installed only where all of them hold'),
  dependencies: z
    .array(z.string().regex(idPattern, 'write the ID of an application'))
    .optional()
    .describe('applications that are installed before'),
});

/** What steps read out of a policy is what a person may write. */
packageSchema satisfies z.ZodType<PackageDefinition>;
applicationSchema satisfies z.ZodType<ApplicationDefinition>;
