import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fault, withFault } from '../../src/machine/simulated/faults.ts';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel } from '../../src/machine/simulated/model.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { findItem } from '../../src/model/policy.ts';
import { type ApplicationDefinition, compareVersions, type Program } from '../../src/model/software.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { packageAndProgram } from '../../src/steps/software/listed.ts';
import { resumeFrom, run, step, type TestRun } from '../engine/harness.ts';
import { dataImage, debianImage } from './fixtures.ts';

interface Software {
  readonly programs?: Readonly<Record<string, readonly Program[]>>;
  readonly applications?: Readonly<Record<string, Partial<ApplicationDefinition>>>;
  /** Exit codes of commands that do not do their work; what is not named here does it. */
  readonly codes?: Readonly<Record<string, number>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly hidden?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly fault?: Fault;
  readonly environment?: 'boot' | 'deployed';
  readonly machine?: SimulatedMachine;
}

const steps = (settings: readonly (readonly [string, Record<string, unknown>])[]) =>
  settings.map(([name, rest]) => {
    const type = findStepType(name)!;
    return step(name, { type: type.type, settings: rest as never, environments: type.environments });
  });

function machineFor({ codes = {}, files = {}, environment = 'deployed' }: Software): SimulatedMachine {
  const model = { ...blankModel(), environment };
  for (const [path, text] of Object.entries(files)) model.files[path] = { mode: '644', text };
  const images = { '/medium/debian#1': debianImage, '/medium/data#1': dataImage };
  return new SimulatedMachine(model, {
    images,
    onCommand: ({ command, question }) => {
      const code = question === true ? undefined : codes[String(command)];
      return code === undefined ? undefined : { code, timedOut: false, output: '' };
    },
  });
}

async function perform(
  wanted: readonly (readonly [string, Record<string, unknown>])[],
  software: Software = {},
  before?: TestRun,
): Promise<TestRun> {
  const { programs = {}, applications = {}, variables = {}, hidden = {}, fault } = software;
  const common = { name: '', file: '', size: 1, sha256: '' };
  const items = [
    ...Object.entries(programs).map(([id, list]) => ({
      ...{ ...common, id, kind: 'package' as const, definition: { programs: list } },
    })),
    ...Object.entries(applications).map(([id, definition]) => ({
      ...{ ...common, id, kind: 'application' as const, name: `The ${id}` },
      definition: { install: { command: `install ${id}` }, detection: [{ file: `/opt/${id}` }], ...definition },
    })),
    ...['debian', 'data'].map((id) => ({ ...common, id, kind: 'os-image' as const })),
  ];
  const machine = software.machine ?? before?.machine ?? machineFor(software);
  return run(steps(wanted), {
    types: stepTypes,
    machine: fault === undefined ? machine : (withFault(machine, fault) as SimulatedMachine),
    variables: [
      ...Object.entries(variables).map(([name, value]) => ({ name, value })),
      ...Object.entries(hidden).map(([name, value]) => ({ name, value, hidden: true })),
    ],
    ...(before === undefined ? {} : { resume: resumeFrom(before.saves.at(-1)) }),
    content: async (id) => {
      const item = findItem(items, id);
      if (item === undefined) throw new BootwrightError('BW-AGENT-002', `The content ${id} is not part of it.`);
      return { ...item, path: `/medium/${item.id}` };
    },
  });
}

const variable = ({ outcome }: TestRun, name: string): string | undefined =>
  outcome.saved.variables.find((each) => each.name === name)?.value;
const commands = ({ machine }: TestRun): readonly string[] => machine.model.commands;
const program = (changes: Partial<Program> = {}): Program => ({ name: 'Install', command: 'setup', ...changes });

describe('Install Package', () => {
  const install = [['install-package', { package: 'tools', program: 'Install' }]] as const;
  const one = (changes: Partial<Program> = {}): Software => ({ programs: { tools: [program(changes)] } });

  it.each<[string, Software, number | 'completed']>([
    ['its code', { ...one(), codes: { setup: 5 } }, 5],
    ['a code of its own that is success', { ...one({ successCodes: [5] }), codes: { setup: 5 } }, 'completed'],
    ['zero where that is none', { ...one({ successCodes: [5] }), codes: { setup: 0 } }, 0x80004005],
  ])('is judged by the program: %s', async (_, software, expected) => {
    const { outcome } = await perform(install, software);
    if (expected === 'completed') expect(outcome.state).toBe('completed');
    else expect(outcome).toMatchObject({ state: 'failed', code: expected });
  });

  it.each<[string, Software, string]>([
    ['a program for a signed-in person', one({ runAs: 'user' }), 'BW-STEP-130'],
    ['a secret in the command line', { ...one({ command: 'setup %Key%' }), hidden: { Key: 's3cret' } }, 'BW-STEP-012'],
    ['a program that is not there', { programs: { tools: [program({ name: 'Other' })] } }, 'BW-STEP-133'],
    ['a package without programs', { programs: { tools: [] } }, 'BW-STEP-133'],
  ])('runs nothing for %s', async (_, software, error) => {
    const result = await perform(install, software);
    expect(result.outcome).toMatchObject({ state: 'failed', error });
    expect(commands(result)).toEqual([]);
  });

  it('restarts behind a program that always wants it', async () => {
    expect((await perform(install, one({ restart: 'always' }))).outcome).toMatchObject({
      state: 'restart',
      target: 'disk',
    });
  });

  const list = [['install-package', { baseVariable: 'PKG' }]] as const;
  const three: Software = {
    programs: { a: [program({ command: 'a' })], b: [program({ command: 'b' })], c: [program({ command: 'c' })] },
    variables: { PKG001: 'a:Install', PKG002: 'B:install', PKG003: 'c:Install', PKG005: 'a:Install' },
  };

  it('goes through a list up to its first gap', async () => {
    const result = await perform(list, three);
    expect(result.outcome.state).toBe('completed');
    expect(commands(result)).toEqual(['a', 'b', 'c']);
  });

  it('does not repeat what was done before a restart in the middle of a list', async () => {
    const software = { ...three, codes: { b: 3010 } };
    const first = await perform(list, software);
    expect(first.outcome).toMatchObject({ state: 'restart' });
    const second = await perform(list, software, first);
    expect(second.outcome.state).toBe('completed');
    expect(commands(second)).toEqual(['a', 'b', 'c']);
    expect(variable(second, 'BootwrightPackagesDone')).toBeUndefined();
  });

  it('runs nothing of a list with a value that names no program', async () => {
    const result = await perform(list, { ...three, variables: { PKG001: 'a:Install', PKG002: 'b' } });
    expect(result.outcome).toMatchObject({ error: 'BW-STEP-132' });
    expect(commands(result)).toEqual([]);
  });

  it('goes on behind a failure only where it may', async () => {
    const codes = { a: 9 };
    expect((await perform(list, { ...three, codes })).outcome).toMatchObject({ state: 'failed', code: 9 });
    const lenient = [['install-package', { baseVariable: 'PKG', continueOnInstallError: true }]] as const;
    const result = await perform(lenient, { ...three, codes });
    expect(result.outcome.state).toBe('completed');
    expect(commands(result)).toEqual(['a', 'b', 'c']);
  });
});

describe('Install Application', () => {
  const install = (settings: Record<string, unknown>) => [['install-application', settings]] as const;
  const top = install({ applications: ['top'] });
  const tower = { base: {}, middle: { dependencies: ['base'] }, top: { dependencies: ['middle', 'base'] } };

  it('comes behind what it depends on, each once', async () => {
    const result = await perform(top, { applications: tower });
    expect(result.outcome.state).toBe('completed');
    expect(commands(result)).toEqual(['install base', 'install middle', 'install top']);
    expect(variable(result, '_TSAppInstallStatus')).toBe('Success');
  });

  it('is left alone where it is already, with what it depends on', async () => {
    const result = await perform(top, { applications: tower, files: { '/opt/top': 'x' } });
    expect(result.outcome.state).toBe('completed');
    expect(commands(result)).toEqual([]);
  });

  it('is believed only when it is found', async () => {
    const result = await perform(top, { applications: { top: {} }, codes: { 'install top': 0 } });
    expect(result.outcome).toMatchObject({ state: 'failed', code: 0x87d00324, message: /there is no \/opt\/top/ });
    expect(variable(result, '_TSAppInstallStatus')).toBe('Error');
  });

  it('is not installed on what failed', async () => {
    const result = await perform(top, { applications: tower, codes: { 'install base': 3 } });
    expect(result.outcome).toMatchObject({ state: 'failed', code: 3 });
    expect(commands(result)).toEqual(['install base']);
  });

  it('is left out with a warning where a requirement does not hold, its own or below it', async () => {
    const applications = { ...tower, base: { requirements: [{ operatingSystem: ['fedora*'] }] } };
    const result = await perform(top, { applications });
    expect(result.outcome.state).toBe('completed');
    expect(commands(result)).toEqual([]);
    expect(variable(result, '_TSAppInstallStatus')).toBe('Warning');
    const strict = await perform(top, { applications, variables: { TSErrorOnWarning: 'TRUE' } });
    expect(strict.outcome).toMatchObject({ state: 'failed', code: 0x80004005 });
  });

  it.each<[string, ApplicationDefinition['requirements'], boolean]>([
    ['system by family', [{ operatingSystem: ['debian'] }], true],
    ['system by version', [{ operatingSystem: ['Debian 13'] }], true],
    ['system by its whole name', [{ operatingSystem: ['*trixie*'] }], true],
    ['another system', [{ operatingSystem: ['debian 12', 'Windows*'] }], false],
    ['architecture', [{ architecture: ['arm64'] }], false],
    ['memory', [{ memory: '4 GB' }], true],
    ['more memory', [{ memory: '5 GB' }], false],
    ['room', [{ freeSpace: '1 MB' }], true],
    ['more room', [{ freeSpace: '9000 GB' }], false],
    ['a variable', [{ variable: 'Room', operator: 'greater', value: 11 }], true],
    ['a variable that is not set', [{ variable: 'Floor', operator: 'exists' }], false],
  ])('has requirements: %s', async (_, requirements, holds) => {
    const files = { '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n' };
    const result = await perform(top, { applications: { top: { requirements } }, files, variables: { Room: '12' } });
    expect(commands(result)).toEqual(holds ? ['install top'] : []);
  });

  it.each<[string, string, boolean]>([
    ['greaterEqual', '23.1', true],
    ['greater', '23.01.0', false],
    ['less', '24', true],
    ['equals', '23.1.0', true],
    ['notEquals', '23.1', false],
  ])('compares versions by number: 23.01 %s %s', async (operator, value, there) => {
    const detection = [{ file: '/opt/VERSION', version: { operator: operator as 'equals', value } }];
    const result = await perform(top, { applications: { top: { detection } }, files: { '/opt/VERSION': 'v23.01\n' } });
    expect(commands(result)).toEqual(there ? [] : ['install top']);
  });

  it.each<[string, Partial<ApplicationDefinition>, string]>([
    ['the registry', { detection: [{ registry: 'HKLM\\SOFTWARE\\X' }] }, 'BW-STEP-134'],
    [
      'a version in a program',
      { detection: [{ file: '/bin/x', version: { operator: 'equals', value: '1' } }] },
      'BW-STEP-134',
    ],
    ['a circle', { dependencies: ['top'] }, 'BW-STEP-135'],
    ['a person who is signed in', { install: { command: 'x', runAs: 'user' } }, 'BW-STEP-130'],
  ])('installs nothing that needs %s', async (_, definition, error) => {
    const result = await perform(top, { applications: { top: definition }, files: { '/bin/x': '\0ELF 1' } });
    expect(result.outcome).toMatchObject({ state: 'failed', error });
    expect(commands(result)).toEqual([]);
  });

  it('is looked for again behind the restart it asked for', async () => {
    const software = { applications: tower, codes: { 'install base': 3010 } };
    const first = await perform(top, software);
    expect(first.outcome).toMatchObject({ state: 'restart', target: 'disk' });
    first.machine.model.files['/opt/base'] = { mode: '755', text: '' };
    const second = await perform(top, software, first);
    expect(second.outcome.state).toBe('completed');
    expect(commands(second)).toEqual(['install base', 'install middle', 'install top']);
    expect(variable(second, 'BootwrightApplicationsRestarted')).toBeUndefined();
  });

  it('fails when it is not there behind the restart, instead of asking for ever', async () => {
    const software = { applications: { top: {} }, codes: { 'install top': 3010 } };
    const first = await perform(top, software);
    const second = await perform(top, software, first);
    expect(second.outcome).toMatchObject({ state: 'failed', code: 0x87d00324 });
    expect(commands(second)).toEqual(['install top']);
  });

  it('is tried again as often as it may, but not where the list goes on', async () => {
    const software = { applications: { top: {}, other: {} }, codes: { 'install top': 3 } };
    const often = await perform(install({ applications: ['top', 'other'], retries: 2, retryTimeout: 1 }), software);
    expect(commands(often)).toEqual(['install top', 'install top', 'install top']);
    const settings = { applications: ['top', 'other'], retries: 2, retryTimeout: 1, continueOnInstallError: true };
    const lenient = await perform(install(settings), software);
    expect(lenient.outcome.state).toBe('completed');
    expect(commands(lenient)).toEqual(['install top', 'install other']);
    expect(variable(lenient, '_TSAppInstallStatus')).toBe('Error');
  });

  it('comes from a list of variables, by ID or by name; what nobody brings is left out', async () => {
    const variables = { APP01: 'top', APP02: 'nothing', APP03: 'The base', APP05: 'middle' };
    const result = await perform(install({ baseVariable: 'APP' }), { applications: { top: {}, base: {} }, variables });
    expect(result.outcome.state).toBe('completed');
    expect(commands(result)).toEqual(['install top', 'install base']);
    expect(variable(result, '_TSAppInstallStatus')).toBe('Warning');
  });
});

const partition = [
  'format-and-partition-disk',
  {
    partitions: [
      { type: 'linux', size: '10 GB', variable: 'OSDisk' },
      { type: 'linux', label: 'data' },
    ],
  },
] as const;
const apply = ['apply-operating-system-image', { image: 'debian' }] as const;

describe('Download Package Content', () => {
  const download = (settings: Record<string, unknown>) =>
    [
      'download-package-content',
      { packages: ['tools'], variable: 'P', continueOnDownloadError: false, ...settings },
    ] as const;
  const boot: Software = { programs: { tools: [] }, environment: 'boot' };

  it('believes only what it finds afterwards', async () => {
    const fault: Fault = { operation: 'copyIn', kind: 'lie' };
    const result = await perform([partition, apply, download({ location: 'cache' })], { ...boot, fault });
    expect(result.outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-137' });
  });

  it.each([{ location: 'cache' }, { location: 'custom', path: '/srv' }])(
    'keeps nothing where there is no system yet: %j',
    async (settings) => {
      const result = await perform([download(settings)], boot);
      expect(result.outcome).toMatchObject({ error: 'BW-STEP-136' });
    },
  );

  it('goes on behind what cannot be had only where it may', async () => {
    const packages = ['nothing', 'tools'];
    expect((await perform([download({ packages })], boot)).outcome).toMatchObject({ error: 'BW-AGENT-002' });
    const result = await perform([download({ packages, continueOnDownloadError: true })], boot);
    expect(result.outcome.state).toBe('completed');
    expect([variable(result, 'P01'), variable(result, 'P02')]).toEqual([undefined, '/medium/tools']);
  });
});

describe('Apply Data Image', () => {
  const data = (settings: Record<string, unknown> = {}) =>
    ['apply-data-image', { image: 'data', ...settings }] as const;
  const boot: Software = { environment: 'boot' };
  const filesOf = ({ machine }: TestRun) => machine.model.disks[0]!.partitions.map(({ files }) => Object.keys(files));

  it('goes to the volume that is left, by label, or by its numbers', async () => {
    for (const settings of [{}, { label: 'data' }, { disk: 0, partition: 2 }]) {
      const result = await perform([partition, apply, data(settings)], boot);
      expect(result.outcome.state).toBe('completed');
      expect(filesOf(result)[1]).toEqual(['/maps/a.map']);
    }
  });

  it('never replaces the operating system', async () => {
    const result = await perform([partition, apply, data({ volume: '%OSDisk%' })], boot);
    expect(result.outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-138' });
    expect(filesOf(result)[0]).toContain('/usr/lib/os-release');
  });

  it('keeps what was there where it is told to', async () => {
    const machine = machineFor(boot);
    await perform([partition, apply, data()], { ...boot, machine });
    machine.model.disks[0]!.partitions[1]!.files['/mine'] = { mode: '644', text: '' };
    const kept = await perform([data({ label: 'data', wipe: false })], { ...boot, machine });
    expect(kept.outcome.state).toBe('completed');
    expect(filesOf(kept)[1]).toEqual(['/maps/a.map', '/mine']);
    const emptied = await perform([data({ label: 'data' })], { ...boot, machine });
    expect(filesOf(emptied)[1]).toEqual(['/maps/a.map']);
  });

  it('believes only what it reads back', async () => {
    const fault: Fault = { operation: 'applyImage', call: 2, kind: 'lie' };
    const result = await perform([partition, apply, data()], { ...boot, fault });
    expect(result.outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-005' });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ disk: 0, partition: 7 }, 'BW-DISK-008'],
    [{ disk: 4, partition: 1 }, 'BW-DISK-001'],
  ])('names what is not there: %j', async (settings, error) => {
    const { outcome } = await perform([partition, apply, data(settings)], boot);
    expect(outcome).toMatchObject({ state: 'failed', error });
  });
});

describe('steps as Configuration Manager writes them', () => {
  const read = (type: string, properties: Record<string, string>) => {
    const list = Object.entries(properties).map(([property, value]) => ({
      ...{ variable: property, property, value, hidden: false },
    }));
    const found = findStepType(type)!;
    return found.settings.parse(found.fromProperties!(list, ''));
  };

  it.each([
    [
      'SMS_TaskSequence_InstallSoftwareAction',
      { PackageID: 'OPC00318', ProgramName: 'testprgm1' },
      { package: 'OPC00318', program: 'testprgm1' },
    ],
    [
      'SMS_TaskSequence_InstallSoftwareAction',
      { BaseVariableName: 'LANG', ContinueOnInstallError: 'false' },
      { baseVariable: 'LANG', continueOnInstallError: 'false' },
    ],
    [
      'SMS_TaskSequence_InstallApplicationAction',
      {
        ...{ AppInfo: '1', AppInfo0DisplayName: 'Reader 8', AppInfo0Name: 'ScopeId_1/Application_2' },
        ...{ ApplicationName: 'ScopeId_1/Application_2', BaseVariableName: '', ClearCache: 'false' },
      },
      { applications: ['Reader 8'] },
    ],
    [
      'SMS_TaskSequence_DownloadPackageContentAction',
      {
        ...{ ContinueDownloadOnError: 'true', DestinationLocationType: 'CCMCache', DestinationVariable: 'App' },
        ...{ DownloadPackages: 'MCM0002A', PackageInfo0PackageId: 'MCM0002A' },
      },
      { packages: ['MCM0002A'], location: 'cache', variable: 'App', continueOnDownloadError: 'true' },
    ],
    [
      'SMS_TaskSequence_ApplyDataImageAction',
      { ImagePackageID: 'ABC00001', ImageIndex: '2', DestinationDisk: '0', DestinationPartition: '3' },
      { image: 'ABC00001', index: '2', disk: '0', partition: '3', wipe: true },
    ],
  ] as const)('%s', (type, properties, settings) => {
    expect(read(type, properties)).toEqual(settings);
  });
});

it('versions are ordered, and zeros behind them do not count', () => {
  const version = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(version, version, (one, other) => {
      expect(Math.sign(compareVersions(one, other))).toBe(-Math.sign(compareVersions(other, one)) + 0);
      expect(compareVersions(one, `${one}.0`)).toBe(0);
      expect(compareVersions(`${one}.1`, one)).toBe(1);
    }),
  );
});

it.each([
  ['ABC00012:Install all', { id: 'ABC00012', program: 'Install all' }],
  ['a:b:c', { id: 'a', program: 'b:c' }],
  ['ABC00012', undefined],
  [':x', undefined],
])('%s names a package and a program', (value, expected) => expect(packageAndProgram(value)).toEqual(expected));
