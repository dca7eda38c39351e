import { formatBytes, formatDuration } from '../../model/quantity.ts';
import { type MediumPlan, protectionText } from './plan.ts';

/** The plan as a person reads it, before anything is written. */
export function planText(plan: MediumPlan): string {
  return [
    ...heading(plan),
    '',
    ...section('On the target', [...effects(plan), ...asked(plan), ...validity(plan)]),
    ...section('Content', [
      ...plan.content.map(
        ({ id, name, size, files, unread, because }) =>
          `${id}${name === id ? '' : ` (${name})`}  ${formatBytes(size)}${files === 1 ? '' : ` in ${files} files`}, ${reading(files, unread)}${because.length === 0 ? '' : `; for ${because.join(', ')}`}`,
      ),
      ...(plan.split ?? []).map(
        ({ id, parts }) => `${id} is split into about ${parts} parts (.swm), which wimlib joins`,
      ),
      `boot image ${plan.bootImage.name}, kernel ${plan.bootImage.kernelVersion}, as it was built`,
    ]),
    ...volumeLines(plan),
    ...section('Secrets', secretLines(plan)),
    ...section('Protection', protection(plan)),
    ...section(
      'Firmware that starts it',
      plan.firmware.map(
        ({ firmware, starts, why }) => `${starts ? 'yes' : 'no '}  ${firmware}${why === undefined ? '' : ` (${why})`}`,
      ),
    ),
    ...section('Takes', [
      `${formatBytes(plan.size)} in ${plan.output} (${formatBytes(plan.free)} free)${plan.replaces ? ', REPLACES the file there' : ''}`,
      `about ${formatDuration(plan.seconds)}`,
    ]),
    ...plan.warnings.map((warning) => `Note: ${warning}`),
  ].join('\n');
}

/** One line per disc: what it is called, and what is asked for when. */
function volumeLines({ volumes = [] }: MediumPlan): string[] {
  if (volumes.length === 0) return [];
  return section('Volumes', [
    ...volumes.map(({ file, label, size, content }, index) => {
      const held = [...(index === 0 ? ['boot environment'] : []), ...content].join(', ');
      return `${index + 1}  ${file}  ${formatBytes(size)}, label ${label}: ${held}`;
    }),
    'The machine asks for each once before anything is erased, and again when a step needs it.',
  ]);
}
const kindTitles = {
  standalone: 'Stand-alone medium',
  bootable: 'Bootable medium',
  capture: 'Capture medium',
  prestaged: 'Prestaged medium',
} as const;

function heading({ kind: name, sequence, online, about }: MediumPlan): string[] {
  const { author, version, comment } = about ?? {};
  const written = [version && `version ${version}`, author && `by ${author}`, comment].filter(Boolean).join(', ');
  const title = kindTitles[name];
  const kind = sequence === undefined ? title : `${title} for "${sequence.name}" (${sequence.id})`;
  return [
    kind,
    ...(written === '' ? [] : [written]),
    ...(online === undefined ? [] : ['', ...section('Asks', online.servers).slice(0, -1)]),
  ];
}

function effects(plan: MediumPlan): string[] {
  const first = plan.prestart === undefined ? [] : [`Runs first: ${plan.prestart}`];
  return [...first, ...effectsOf(plan)];
}

function effectsOf({ kind, online, erases }: MediumPlan): string[] {
  if (online !== undefined)
    return [
      'Erases nothing by itself: what happens is decided by the site when the machine asks.',
      online.unknownComputers
        ? 'Machines the site does not know may ask too.'
        : 'Machines the site does not know get nothing.',
    ];
  if (erases.length === 0) return ['Erases nothing.'];
  const word = kind === 'capture' ? 'CHANGES' : 'ERASES';
  return erases.map(({ name, description }) => `${word}: ${name}: ${description}`);
}

/** What is known of content already, and what a changed file costs. */
function reading(files: number, unread: number): string {
  if (unread === 0) return 'unchanged since it was read';
  return unread === files ? 'new: to be hashed' : `${unread} new or changed: to be hashed`;
}

function protection(plan: MediumPlan): string[] {
  const { protection, signedBy, encryptsContent, openedBy } = plan;
  return [
    `${protection}: ${protectionText(plan)}`,
    ...(encryptsContent ? ['Images and packages are encrypted: they cannot be read without the password either.'] : []),
    ...openedBy.map((who) => `Opened too by ${who}`),
    `Signed by ${signedBy}`,
  ];
}

function asked(plan: MediumPlan): string[] {
  const password = plan.password === 'none' ? [] : ['the password'];
  const questions = [...password, ...plan.asks];
  const end = plan.unattended ? ' (unattended)' : '';
  return [questions.length === 0 ? `Asks nothing${end}.` : `Asks for: ${questions.join('; ')}${end}`];
}

function validity({ validFrom, validTo }: MediumPlan): string[] {
  if (validFrom === undefined && validTo === undefined) return [];
  return [`Starts only ${[validFrom && `from ${validFrom}`, validTo && `to ${validTo}`].filter(Boolean).join(' ')}`];
}

function secretLines({ secrets, variables }: MediumPlan): string[] {
  const lines = secrets.map(
    ({ name, where, writtenToTarget }) =>
      `${name}: used by ${where}, sealed on the medium${writtenToTarget ? '; written to the target (root only) where it has no TPM' : ''}`,
  );
  const hidden = variables
    .filter((variable) => variable.hidden)
    .map(({ name }) => `${name}: variable, sealed on the medium`);
  return lines.length + hidden.length === 0 ? ['none'] : [...lines, ...hidden];
}

function section(title: string, lines: readonly string[]): string[] {
  return [title, ...lines.map((line) => `  ${line}`), ''];
}
