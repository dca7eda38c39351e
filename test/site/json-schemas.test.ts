import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readYaml } from '../../src/formats/yaml.ts';
import { readYamlSequence } from '../../src/sequence/read-yaml.ts';
import { stepKeys } from '../../src/sequence/yaml-schema.ts';
import { collectionSchema, deploymentSchema, deviceSchema } from '../../src/site/deployment-schema.ts';
import { jsonSchemas } from '../../src/site/json-schemas.ts';
import { readDocument } from '../../src/site/read-document.ts';
import { resolveSequence } from '../../src/site/resolve.ts';
import { imageSchema, siteSchema } from '../../src/site/schema.ts';
import { stepTypes } from '../../src/steps/index.ts';

const templates = join(import.meta.dirname, '..', '..', 'templates');
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, strictTypes: false });
const validators = new Map([...jsonSchemas()].map(([name, text]) => [name, ajv.compile(JSON.parse(text))]));

/** What a schema can say: kinds of values, keys, lists of words. Not: names of variables, rules across settings. */
const structural = new Set([
  'BW-SEQUENCE-001',
  'BW-SEQUENCE-002',
  'BW-SEQUENCE-003',
  'BW-SEQUENCE-004',
  'BW-SEQUENCE-005',
]);

function checkAccepts(value: unknown): boolean {
  const { sequence, problems, locate } = readYamlSequence(stringify(value), 'f.yaml');
  const found = sequence === undefined ? [] : resolveSequence(sequence, locate).problems;
  return ![...problems, ...found].some(({ code, severity }) => severity === 'error' && structural.has(code));
}

const rich = {
  name: 'Rich',
  description: 'every kind of item',
  bootImage: 'default',
  variables: { A: 'text', B: 3, C: true, D: { $secret: 'd' } },
  steps: [
    {
      group: 'G',
      name: 'Named',
      continueOnError: true,
      condition: {
        all: [{ variable: 'A', operator: 'exists' }, { none: [{ variable: 'B', operator: 'less', value: 4 }] }],
      },
      steps: [
        {
          step: 'format-and-partition-disk',
          disk: { bus: 'nvme', rule: 'largest', minimumSize: '30 GB' },
          style: 'gpt',
          partitions: [
            { type: 'efi', size: '512 MB', label: 'EFI' },
            { type: 'linux', size: '100%', fileSystem: 'ext4' },
          ],
        },
        { step: 'apply-operating-system-image', image: 'debian', index: 1, volume: '%OSDisk%' },
        { step: 'set-up-linux', hostname: '%A%' },
      ],
    },
    {
      step: 'run-command-line',
      name: 'Run',
      description: 'd',
      disabled: false,
      runIn: 'any',
      successCodes: [0, 1],
      retryCount: 1,
      timeoutSeconds: 5,
      command: 'true',
      package: 'tools',
      input: { $secret: 'x' },
      secrets: { y: 'z' },
      condition: [{ any: [{ variable: 'A', operator: 'like', value: 'x*' }] }],
    },
    { step: 'set-task-sequence-variable', variable: 'V', value: 'v', hidden: true },
    { step: 'restart-computer', target: 'disk', message: 'now', delaySeconds: 3 },
    { step: 'run-task-sequence', sequence: 'child' },
  ],
};

/** All places in a value. */
function paths(value: unknown, path: PropertyKey[] = []): PropertyKey[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, item]) => paths(item, [...path, Array.isArray(value) ? Number(key) : key])),
  ];
}

function changed(value: unknown, path: readonly PropertyKey[], change: (old: unknown) => unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<PropertyKey, unknown>;
  const next = changed(copy[first], rest, change);
  if (next === undefined && !Array.isArray(copy)) delete copy[first];
  else copy[first] = next;
  return copy;
}

describe('JSON Schemas for editors', () => {
  it.each([
    ['site.json', 'site/site.yaml'],
    ['sequence.json', 'sequences/debian.yaml'],
  ])('%s accepts the template and is named in it', (schema, file) => {
    const text = readFileSync(join(templates, file), 'utf8');
    const validate = validators.get(schema)!;
    expect(validate(readYaml(text, file).value), JSON.stringify(validate.errors)).toBe(true);
    expect(text).toMatch(new RegExp(`^# yaml-language-server: \\$schema=(\\.\\./)?\\.bootwright/schemas/${schema}\n`));
  });

  it('agree with check about sequences, whatever one changes', () => {
    const validate = validators.get('sequence.json')!;
    expect(validate(rich), JSON.stringify(validate.errors)).toBe(true);
    expect(checkAccepts(rich)).toBe(true);
    const places = paths(rich);
    const change = fc.oneof(
      fc.constant(undefined),
      fc.constantFrom<unknown[]>(null, 3, -1, 1.5, true, [], {}, 'word', [{}], { unknown: 1 }),
    );
    const added = fc.constantFrom('unknown', 'step', 'group', 'steps', 'condition', 'name', 'image', 'disabled', 'all');
    fc.assert(
      fc.property(fc.constantFrom(...places), change, fc.option(added), (path, value, key) => {
        const edited =
          key === null
            ? changed(rich, path, () => value)
            : changed(rich, path, (old) => (typeof old === 'object' ? { ...old, [key]: value ?? 'x' } : value));
        fc.pre(edited !== undefined);
        const editor = validate(edited);
        expect(checkAccepts(edited), `${JSON.stringify(edited)}\n${JSON.stringify(validate.errors)}`).toBe(editor);
      }),
      { numRuns: 500 },
    );
  });

  it('agree with check about site.yaml, images, devices, collections and deployments', () => {
    for (const [name, schema, good] of [
      [
        'site.json',
        siteSchema,
        { name: 'x', organisation: 'o', keyboard: 'de', defaults: { bootImage: 'b', label: 'L' } },
      ],
      ['image.json', imageSchema, { file: 'a', description: 'b' }],
      [
        'site.json',
        siteSchema,
        {
          name: 'x',
          deployments: {
            unknownComputers: 'ask',
            waitSeconds: 60,
            exclude: ['00:50:56:01:02:03'],
            duplicateIdentifiers: { macs: [], guids: ['4C4C4544-0042-4D10-8053-B7C04F4E4D32'] },
            sizeLimits: { warn: 1, maximum: 2 },
          },
        },
      ],
      [
        'device.json',
        deviceSchema,
        {
          macs: ['00:50:56:01:02:03'],
          guid: '4C4C4544-0042-4D10-8053-B7C04F4E4D32',
          architecture: 'x64',
          model: 'm',
          address: '10.1.2.3',
          variables: { A: 'a', B: { $secret: 'b' } },
        },
      ],
      [
        'collection.json',
        collectionSchema,
        {
          members: ['a'],
          rules: [{ mac: '00:50:56:01:02:03', oui: '00:50:56', subnet: 'fd00::/8', architecture: 'arm64' }],
          include: ['b'],
          exclude: ['c'],
          priority: 9,
        },
      ],
      [
        'deployment.json',
        deploymentSchema,
        {
          sequence: 's',
          collection: 'c',
          purpose: 'required',
          availableTo: 'mediaAndPxeHidden',
          disabled: true,
          scope: { subnets: ['10.0.0.0/8'], ouis: [], interfaces: ['eth0'], machines: 3 },
          schedule: { available: '2027-01-01T00:00:00Z', assignments: ['logOn'] },
          rerun: 'ifFailed',
          userExperience: { showProgress: false },
          content: { download: 'direct' },
        },
      ],
    ] as const) {
      const validate = validators.get(name)!;
      for (const path of paths(good)) {
        for (const value of [undefined, null, 3, true, [], {}, 'word', 'two words', '', { unknown: 1 }]) {
          const edited = changed(good, path, () => value);
          if (typeof edited !== 'object' || edited === null) continue;
          // Not to be said in a schema: a rule has to say something.
          if (JSON.stringify(edited).includes('"rules":[{}]')) continue;
          const accepted = readDocument<unknown>(schema, stringify(edited), 'f').problems.length === 0;
          expect(validate(edited), `${name} ${JSON.stringify(edited)}`).toBe(accepted);
        }
      }
    }
  });

  it('leave all names to the steps: no setting is called like a key of every step', () => {
    for (const type of stepTypes) {
      const text = [...jsonSchemas()].find(([name]) => name === 'sequence.json')![1];
      const branch = JSON.parse(text).definitions.item.else.allOf.find(
        (one: { then: { title: string } }) => one.then.title === type.title,
      );
      expect(branch, type.name).toBeDefined();
      const own = Object.keys((type.settings as unknown as { shape?: object }).shape ?? {});
      expect(
        own.filter((key) => key in stepKeys || key === 'condition'),
        type.name,
      ).toEqual([]);
    }
  });
});
