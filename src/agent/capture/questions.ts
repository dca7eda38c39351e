import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import { isSecretReference, type SequenceItem, type SequenceVariable, type Step } from '../../model/sequence.ts';
import { parseDestination } from '../../steps/capture-operating-system-image/destination.ts';
import { captureOperatingSystemImage } from '../../steps/capture-operating-system-image.ts';
import type { AgentContext } from '../context.ts';
import { openKeyboard } from '../keyboard.ts';
import { type TypedLine, typeLine } from '../type-line.ts';

/** What is known and what was asked, by the name of the step's setting. */
type Answers = ReadonlyMap<string, string>;

interface Field {
  readonly setting: string;
  /** Without it nothing can be captured. */
  readonly required: boolean;
  readonly applies: (answers: Answers) => boolean;
  readonly question: (answers: Answers) => Question;
}

interface Question extends Pick<TypedLine<string>, 'title' | 'help' | 'isSecret'> {
  readonly label: string;
  readonly longest: number;
  /** What is wrong with it; `undefined` when nothing is. */
  readonly fault?: (typed: string) => string | undefined;
}

/**
 * Asks for what the medium does not say about the image: where it goes, with which account, and what it is called.
 * Nothing is asked when everything is set; unattended media only need a destination. @throws BW-AGENT-110
 */
export async function askAboutCapture(
  context: AgentContext,
  policy: Policy,
  layout: string,
): Promise<SequenceVariable[]> {
  const step = captureStep(policy.sequence.items);
  if (step === undefined) return [];
  const preset = presetOf(policy, step);
  const open = fields.filter(({ setting }) => !preset.has(setting));
  if (policy.unattended) {
    const missing = open.find(({ required, applies }) => required && applies(preset));
    if (missing === undefined) return [];
    throw new BootwrightError(
      'BW-AGENT-110',
      `This medium asks nothing, and ${variableOf(missing.setting)} is not set on it. Nothing was changed.`,
    );
  }
  const keyboard = await openKeyboard(context.paths.keymaps, layout);
  const answers = new Map(preset);
  const asked: string[] = [];
  for (let position = 0; position < open.length; ) {
    const field = open[position]!;
    if (!field.applies(answers)) {
      answers.delete(field.setting);
      position += 1;
      continue;
    }
    const given = answers.get(field.setting);
    const { label, fault, ...question } = field.question(answers);
    const { isSecret = false } = question;
    const readValue = (text: string): string => (isSecret ? text : text.trim());
    const wrong = (text: string): string | undefined => fault?.(readValue(text));
    const id = `capture-${field.setting}`;
    context.emit({ type: 'prompt.shown', prompt: 'input', text: question.title });
    const typed = await typeLine(context, {
      ...{ ...question, id, label: `${label}: `, keyboard, enter: 'goes on' },
      ...(asked.length > 0 ? {} : { escape: 'clears' }),
      ...(given === undefined || field.setting === 'password' ? {} : { initial: given }),
      read: (text) => (wrong(text) === undefined ? readValue(text) : undefined),
      wrong: (text) => wrong(text) ?? '',
    });
    const told = typed === undefined ? 'back' : isSecret ? '********' : typed;
    context.emit({ type: 'prompt.answered', prompt: 'input', answer: `${id}: ${told}` });
    if (typed === undefined) {
      const before = asked.pop();
      position = open.findIndex(({ setting }) => setting === before);
      continue;
    }
    answers.set(field.setting, typed);
    if (field.setting === 'password') context.mask.add(typed);
    asked.push(field.setting);
    position += 1;
  }
  return asked.flatMap((setting) => {
    const value = answers.get(setting) ?? '';
    const hidden = setting === 'password' ? { hidden: true } : {};
    return value === '' ? [] : [{ name: variableOf(setting), value, ...hidden }];
  });
}

const kindOf = (answers: Answers): string => {
  try {
    return parseDestination(answers.get('destination') ?? '', 'image').kind;
  } catch {
    // With a variable in it, nobody can tell before the sequence runs.
    return 'unknown';
  }
};

const fields: readonly Field[] = [
  {
    setting: 'destination',
    required: true,
    applies: () => true,
    question: () => ({
      title: 'Where is the image to go?',
      help: [
        'To a share: //server/share/folder/name.wim',
        'To an NFS export: nfs://server/exported/folder/name.wim',
        'To a Bootwright server: https://server:8443/v1/captures/name.wim',
        'To a disk or stick: LABEL=NAME/folder/name.wim or /dev/sdb1/name.wim',
      ],
      label: 'Destination',
      longest: 255,
      fault: (typed) => {
        try {
          parseDestination(typed, 'image');
          return undefined;
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      },
    }),
  },
  {
    setting: 'account',
    required: false,
    applies: (answers) => kindOf(answers) === 'smb',
    question: () => ({
      title: 'Who writes to the share?',
      help: ['The account with the right to write there: name, DOMAIN\\name or name@domain.', 'Empty: a guest.'],
      label: 'Account',
      longest: 255,
    }),
  },
  {
    setting: 'password',
    required: false,
    applies: (answers) =>
      kindOf(answers) === 'https' || (kindOf(answers) === 'smb' && (answers.get('account') ?? '') !== ''),
    question: (answers) =>
      kindOf(answers) === 'https'
        ? {
            title: 'The upload token of the server',
            help: ['It was printed by "bootwright content receive".'],
            ...{ label: 'Token', longest: 512, isSecret: true },
            fault: (typed) => (typed === '' ? 'The server takes nothing without it.' : undefined),
          }
        : {
            title: `Password of ${answers.get('account')}`,
            help: ['It is sent to the server only, and kept nowhere.'],
            ...{ label: 'Password', longest: 512, isSecret: true },
          },
  },
  {
    setting: 'imageName',
    required: false,
    applies: () => true,
    question: () => ({
      title: 'How is the image to be called?',
      help: ['Shown wherever an image is chosen. Empty: the name of the system on this machine.'],
      ...{ label: 'Name', longest: 100 },
    }),
  },
  {
    setting: 'imageDescription',
    required: false,
    applies: () => true,
    question: () => ({
      title: 'What is in it?',
      help: ['For whoever chooses among images. May be empty.'],
      ...{ label: 'Description', longest: 255 },
    }),
  },
  {
    setting: 'imageVersion',
    required: false,
    applies: () => true,
    question: () => ({
      title: 'Which version is it?',
      help: ['As you count, for example 2026-11 or 1.4. May be empty.'],
      ...{ label: 'Version', longest: 32 },
    }),
  },
];

function variableOf(setting: string): string {
  return captureOperatingSystemImage.variables[setting] ?? setting;
}

/** The first step that captures and is not switched off. */
function captureStep(items: readonly SequenceItem[]): Step | undefined {
  for (const item of items) {
    if (item.disabled) continue;
    const found = item.kind === 'group' ? captureStep(item.items) : item;
    if (found?.type === captureOperatingSystemImage.type) return found;
  }
  return undefined;
}

/** Set by the step itself or by variables; also what is set to nothing was decided by somebody. */
function presetOf(policy: Policy, step: Step): Map<string, string> {
  const preset = new Map<string, string>();
  const variables = [...policy.sequence.variables, ...policy.variables];
  for (const { setting } of fields) {
    const own = step.settings[setting];
    if (typeof own === 'string' && own !== '') preset.set(setting, own);
    else if (isSecretReference(own)) preset.set(setting, '');
    const given = variables.findLast(({ name }) => name.toLowerCase() === variableOf(setting).toLowerCase());
    if (given !== undefined) preset.set(setting, typeof given.value === 'string' ? given.value : '');
  }
  return preset;
}
