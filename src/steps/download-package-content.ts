import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { Machine } from '../model/machine.ts';
import type { StepContext, StepType } from '../model/step.ts';
import { flag, oneOf, present, propertyOf, text, toFlag } from './settings.ts';
import type { Content } from './software/command-place.ts';
import { systemVolume, volumeVariables } from './volumes.ts';

const settings = z.strictObject({
  packages: z.array(text.min(1)).min(1).describe('IDs of packages, driver packages, images, applications or scripts.'),
  location: oneOf(['task-sequence', 'cache', 'custom'], { tscache: 'task-sequence', ccmcache: 'cache' })
    .default('task-sequence')
    .describe('task-sequence: gone when the run ends. cache: /var/cache/bootwright of the system. custom: see path.'),
  path: text
    .optional()
    .describe('For custom: absolute path in the system; each package gets a folder of its ID there.'),
  variable: text.max(200).optional().describe('X: X01, X02, … get the places, in the order of the packages.'),
  continueOnDownloadError: flag.default(true).describe('Go on with the next package when one cannot be had.'),
});

type Settings = z.infer<typeof settings>;

/** That of the deployed system, which keeps it. */
const cacheFolder = '/var/cache/bootwright';
const runFolder = '/_SMSTaskSequence/Packages';

export const downloadPackageContent: StepType<Settings> = {
  type: 'SMS_TaskSequence_DownloadPackageContentAction',
  name: 'download-package-content',
  aliases: ['download-content'],
  title: 'Download Package Content',
  summary: 'Brings content to the machine and says in variables where it lies.',
  settings,
  variables: {
    location: 'OSDDownloadDestinationLocationType',
    path: 'OSDDownloadDestinationPath',
    variable: 'OSDDownloadDestinationVariable',
    continueOnDownloadError: 'OSDDownloadContinueDownloadOnError',
  },
  environments: ['boot', 'deployed'],
  destructive: false,
  repeatable: true,
  fromProperties(properties) {
    const indices = properties.flatMap(({ property }) => /^PackageInfo(\d+)PackageId$/i.exec(property)?.[1] ?? []);
    const listed = indices.map((index) => propertyOf(properties, `PackageInfo${index}PackageId`) ?? '');
    const named = (propertyOf(properties, 'DownloadPackages') ?? '').split(',').map((id) => id.trim());
    return present({
      packages: listed.length > 0 ? listed : named.filter((id) => id !== ''),
      location: propertyOf(properties, 'DestinationLocationType'),
      path: propertyOf(properties, 'DestinationCustomPath'),
      variable: propertyOf(properties, 'DestinationVariable'),
      continueOnDownloadError: propertyOf(properties, 'ContinueDownloadOnError'),
    });
  },
  needs: ({ packages }) => ({ content: packages.map((id) => ({ id })) }),
  lint: ({ location, path }) =>
    (location === 'custom') === (path !== undefined)
      ? []
      : [
          {
            ...{ severity: 'error', code: 'BW-STEP-002', path: 'path' },
            message: 'The location custom needs a path, and no other has one.',
          },
        ],
  describe: ({ packages, location, path }) =>
    `brings ${packages.join(', ')} ${location === 'custom' ? `to ${path ?? ''}` : location === 'cache' ? `to ${cacheFolder}` : 'for the steps behind it'}`,

  async run(step, machine, context) {
    const root = await placeRoot(step, machine, context);
    const failures: string[] = [];
    for (const [index, id] of step.packages.entries()) {
      context.progress(index / step.packages.length, id);
      try {
        const place = await bring(await context.content(id), step, machine, root);
        if (step.variable !== undefined && step.variable !== '')
          context.variables.set(`${step.variable}${String(index + 1).padStart(2, '0')}`, place);
        context.log('info', `${id} lies in ${place}.`);
      } catch (error) {
        if (context.signal.aborted || !toFlag(step.continueOnDownloadError, 'continueOnDownloadError')) throw error;
        failures.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
        context.log('warning', `${id} could not be brought: ${String(error)}`);
      }
    }
    const count = `${step.packages.length - failures.length} of ${step.packages.length} packages are there.`;
    return { code: 0, message: failures.length === 0 ? count : `${count} ${failures.join('; ')}` };
  },
};

/**
 * Root of the system that keeps what is downloaded; `undefined`: there is none yet, and only this start of the machine
 * needs it. @throws BW-STEP-136
 */
async function placeRoot(step: Settings, machine: Machine, context: StepContext): Promise<string | undefined> {
  if (machine.environment === 'deployed') return '';
  const applied = context.variables.get(volumeVariables.system) ?? '';
  if (applied !== '') return machine.mount(await systemVolume(machine, context));
  if (step.location === 'task-sequence') return undefined;
  throw new BootwrightError(
    'BW-STEP-136',
    `There is no operating system on this machine yet that could keep the content (location ${step.location}). Nothing was downloaded.`,
  );
}

/** Returns the place as the system sees it: right for commands inside it now, and for everything after the restart. */
async function bring(content: Content, step: Settings, machine: Machine, root: string | undefined): Promise<string> {
  const isFile = content.kind === 'os-image' || content.kind === 'script';
  if (root === undefined) return isFile ? content.path.replace(/\/[^/]*$/, '') : content.path;
  const parent = { 'task-sequence': runFolder, cache: cacheFolder, custom: step.path ?? '' }[step.location];
  if (!parent.startsWith('/') || parent.includes('%'))
    throw new BootwrightError('BW-STEP-136', `"${parent}" is no absolute path. Nothing was downloaded.`);
  const name = content.path.split('/').at(-1) ?? content.id;
  const folder = `${parent.replace(/\/+$/, '')}/${content.id}`;
  // What steps need behind the restart is kept in the same place: it is not copied twice.
  const inside = isFile || step.location === 'task-sequence' ? `${folder}/${name}` : folder;
  const target = `${root}${inside}`;
  if (content.path !== target) await machine.copyIn(content.path, target);
  await compare(machine, content, target);
  return isFile ? folder : inside;
}

/** Read back: every path with its size. What the bytes are was checked on their way here. @throws BW-STEP-137 */
async function compare(machine: Machine, content: Content, target: string): Promise<void> {
  const size = await machine.fileSize(target);
  const expected = await listing(machine, content.path);
  const found = await listing(machine, target);
  const isThere = size !== undefined || found.size > 0 || content.size === 0;
  const differs = [...expected].find(([path, bytes]) => found.get(path) !== bytes);
  if (isThere && differs === undefined) return;
  const what = differs === undefined ? 'it is not there' : `${differs[0] || 'the file'} is missing or has another size`;
  throw new BootwrightError('BW-STEP-137', `${content.id} was copied to ${target}, and read back ${what}.`);
}

async function listing(machine: Machine, path: string): Promise<ReadonlyMap<string, number>> {
  const files = (await machine.find(path)).filter(({ kind }) => kind === 'file');
  if (files.length > 0) return new Map(files.map((file) => [file.path, file.sizeBytes]));
  const size = (await machine.list(path)).length > 0 ? undefined : await machine.fileSize(path);
  return new Map(size === undefined ? [] : [['', size]]);
}
