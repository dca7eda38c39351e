import { BootwrightError } from '../../model/error.ts';
import type { CompiledPolicy } from '../../site/compile.ts';
import { parseDestination } from '../../steps/capture-operating-system-image/destination.ts';

const asked: readonly (readonly [variable: string, words: string])[] = [
  ['OSDCaptureDestination', 'where the image goes'],
  ['OSDCaptureAccount', 'the account of a share'],
  ['OSDCaptureAccountPassword', 'its password'],
  ['OSDImageName', 'name'],
  ['OSDImageDescription', 'description'],
  ['OSDImageVersion', 'version of the image'],
];

/**
 * What a capture medium asks for, because nobody has said it yet.
 *
 * @throws BW-MEDIA-110 unattended, and nowhere to go; BW-MEDIA-111 a destination that would be refused on the machine
 */
export function captureQuestions({ policy }: Pick<CompiledPolicy, 'policy'>): string[] {
  const known = new Set([...policy.sequence.variables, ...policy.variables].map(({ name }) => name.toLowerCase()));
  const isKnown = (variable: string): boolean => known.has(variable.toLowerCase());
  const isSetInStep = JSON.stringify(policy.sequence.items).includes('"destination":');
  refuseDestination(policy.variables, isKnown('OSDCaptureAuthorities'));
  if (policy.unattended) {
    if (isKnown('OSDCaptureDestination') || isSetInStep) return [];
    throw new BootwrightError(
      'BW-MEDIA-110',
      'The medium would ask nothing and would not know where the image is to go. Nothing was written.',
    );
  }
  return asked
    .filter(([variable]) => !isKnown(variable) && !(variable === 'OSDCaptureDestination' && isSetInStep))
    .map(([, words]) => words);
}

function refuseDestination(variables: CompiledPolicy['policy']['variables'], knowsAuthority: boolean): void {
  const given = variables.find(({ name }) => name.toLowerCase() === 'osdcapturedestination')?.value;
  if (typeof given !== 'string' || given.includes('%')) return;
  try {
    const { kind } = parseDestination(given, 'image');
    if (kind === 'https' && !knowsAuthority) throw new Error('the authority of its server is not known here');
  } catch (cause) {
    const reason = (cause as Error).message.replace(/ Nothing was captured\.$/, '').replace(/\.$/, '');
    throw new BootwrightError('BW-MEDIA-111', `${given}: ${reason}. Nothing was written.`, { cause });
  }
}
