import { createPublicKey } from 'node:crypto';
import { type KeySlot, type PasswordSlot, parseSealed } from '../../formats/sealed.ts';
import { type Audit, type AuditFinding, type Guessing, guessingTime, sortFindings } from '../../model/audit.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumFacts } from '../../model/medium.ts';
import { guessesPerSecond } from '../../trust/guessing-rate.ts';
import { checkFiles, checkMedium, verifyManifest } from '../../trust/manifest.ts';
import { passwordStrength } from '../../trust/password-strength.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import { defaultCost } from '../../trust/seal.ts';
import { type MediumReader, mediumFactsOf } from '../medium/files.ts';
import { type Brought, openBroughtOf } from '../medium/policy.ts';
import { secretsInContent } from './content.ts';
import { policyFindings, secretNames, writtenSecrets } from './policy.ts';
import type { AuditRequest } from './request.ts';

/** Judges a medium of ours. @throws BW-MEDIA-011, BW-TRUST-001 to -003 */
export async function auditMedium(medium: MediumReader, file: string, request: AuditRequest): Promise<Audit> {
  const facts = await mediumFactsOf(medium, file);
  const sealed = medium.file('bootwright/policy.sealed');
  const slots = sealed === undefined ? [] : parseSealed(await medium.bytes(sealed)).header.slots;
  const given = typeof request.secret === 'function' && sealed !== undefined ? await request.secret() : request.secret;
  const policy =
    sealed === undefined || given !== undefined ? await openBroughtOf(medium, file, given ?? '') : undefined;
  const password = typeof given === 'string' && sealed !== undefined ? given : undefined;
  const guessing = await guessingOf(slots, password, facts, policy);
  const isContentEncrypted = medium.files.some(({ path }) => /^bootwright\/content\/.+\.age$/.test(path));
  const known = { facts, slots, policy, isContentEncrypted };
  return {
    file,
    maker: 'bootwright',
    level: sealed === undefined ? 'unprotected' : facts.protection,
    opened: policy !== undefined,
    readers: readers(known, request),
    ...(guessing === undefined ? {} : { guessing }),
    findings: sortFindings([
      ...levelFindings(known),
      ...passwordFindings(guessing),
      ...slotFindings(slots),
      ...(policy === undefined ? [unopened] : policyFindings(policy, sealed !== undefined, password, request)),
      ...(await signatureFindings(medium, facts, request.keys)),
      ...(await secretsInContent(medium)),
    ]),
  };
}

interface Known {
  readonly facts: MediumFacts;
  readonly slots: readonly KeySlot[];
  readonly policy: Brought | undefined;
  readonly isContentEncrypted: boolean;
}

const unopened: AuditFinding = {
  severity: 'note',
  subject: 'sealed part',
  message: 'was not opened: secrets, expiry and shell are not judged',
  fix: 'Give the password (--password-file, or answer the prompt) or --private-key.',
};

async function guessingOf(
  slots: readonly KeySlot[],
  password: string | undefined,
  facts: MediumFacts,
  policy: Brought | undefined,
): Promise<Guessing | undefined> {
  const slot = cheapest(slots);
  if (slot === undefined) return undefined;
  const rate = await guessesPerSecond(slot);
  if (password === undefined) return { guessesPerSecond: rate };
  const title = policy !== undefined && 'sequence' in policy ? policy.sequence.name : (policy?.siteName ?? '');
  const names = [facts.label, policy?.organisation ?? '', title];
  return { guessesPerSecond: rate, passwordBits: passwordStrength(password, names).bits };
}

/** Whoever guesses takes the easiest way in. */
function cheapest(slots: readonly KeySlot[]): PasswordSlot | undefined {
  const passwords = slots.filter((slot) => slot.kind === 'password');
  return passwords.toSorted((a, b) => a.memoryKiB * a.passes - b.memoryKiB * b.passes)[0];
}

function readers({ facts, slots, policy, isContentEncrypted }: Known, request: AuditRequest): Audit['readers'] {
  const inside = [
    facts.kind === 'bootable' || facts.online === true
      ? 'whom it asks, and its variables'
      : 'the task sequence and its variables',
  ];
  if (policy !== undefined) inside.push(...secretNames(policy).map((name) => `the secret ${name}`));
  else inside.push('its secrets');
  const content = facts.kind === 'bootable' ? 'the files of its prestart command' : 'images and packages';
  const isSealed = slots.length > 0;
  const anybody = [
    `that it is ${facts.label === '' ? 'a medium' : facts.label}, its keyboard, its kernel, names and sizes of its content`,
    ...(isContentEncrypted ? [] : [content]),
    ...(isSealed ? [] : inside),
  ];
  const kinds = {
    password: 'a password',
    recovery: 'a recovery key',
    agreement: 'a recipient',
    transport: 'a recipient',
  };
  const holders = slots.map(({ kind }) => kinds[kind]);
  const written = policy === undefined ? [] : writtenSecrets(policy, request);
  return [
    { who: 'anybody who holds it', reads: anybody },
    ...(isSealed
      ? [{ who: `who has ${list(holders)}`, reads: [...inside, ...(isContentEncrypted ? [content] : [])] }]
      : []),
    ...(isSealed
      ? [
          {
            who:
              facts.protection === 'locked'
                ? 'who exchanges the whole of it for another medium that looks the same, before the password is typed'
                : 'who exchanges the program on it before the password is typed',
            reads: ['the password, and so all of it'],
          },
        ]
      : []),
    ...(written.length === 0
      ? []
      : [
          {
            who: 'who takes the disk out of a target without TPM during the deployment',
            reads: written.map((name) => `the secret ${name}`),
          },
        ]),
  ];
}

function list(words: readonly string[]): string {
  const counted = [...new Set(words)].map((word) => {
    const count = words.filter((each) => each === word).length;
    return count === 1 ? word : `one of ${count} ${word.replace(/^an? /, '')}s`;
  });
  return counted.join(' or ');
}

function levelFindings({ facts, slots, isContentEncrypted }: Known): AuditFinding[] {
  if (slots.length === 0)
    return [
      {
        ...{ severity: 'warning', subject: 'password', message: 'the medium is unprotected: it has no password' },
        fix: 'Make it with a password if its sequence or content is nobody else’s business.',
      },
    ];
  const open: AuditFinding = {
    ...{ severity: 'note', subject: 'content', message: 'images and packages can be read without the password' },
    fix: 'If they are confidential, make the medium with --encrypt-content.',
  };
  const level: AuditFinding =
    facts.protection === 'locked'
      ? {
          severity: 'note',
          subject: 'level',
          message:
            'locked: kernel, first program, command line and root are one signed whole where the site’s key is enrolled',
        }
      : {
          ...{ severity: 'note', subject: 'level' },
          message: 'sealed: whoever holds it for a while can exchange the program that asks for the password',
          fix: 'Verify it on a desk (bootwright media verify) when it was out of your hands.',
        };
  return [level, ...(isContentEncrypted ? [] : [open])];
}

/** A graphics card does the work of some hundred cores, memory-hard derivation or not. */
const cardAdvantage = 300;

function passwordFindings(guessing: Guessing | undefined): AuditFinding[] {
  if (guessing?.passwordBits === undefined) return [];
  const { passwordBits: bits, guessesPerSecond: rate } = guessing;
  const message = `at most 2^${bits} guesses: ${guessingTime(bits, rate)} on one core of this machine, ${guessingTime(bits, rate * cardAdvantage)} on a graphics card (estimates)`;
  const fix = 'Make the medium again with four random words or twelve random characters.';
  if (bits < 30) return [{ severity: 'serious', subject: 'password', message, fix }];
  return bits < 45
    ? [{ severity: 'warning', subject: 'password', message, fix }]
    : [{ severity: 'note', subject: 'password', message }];
}

function slotFindings(slots: readonly KeySlot[]): AuditFinding[] {
  return slots.flatMap((slot): AuditFinding[] => {
    if (slot.kind === 'password' && slot.memoryKiB * slot.passes < defaultCost.memoryKiB * defaultCost.passes) {
      const message = `is stretched with ${slot.memoryKiB / 1024} MiB and ${slot.passes} passes only`;
      return [{ severity: 'warning', subject: 'password', message, fix: 'Make the medium again with this version.' }];
    }
    if (slot.kind === 'recovery')
      return [{ severity: 'note', subject: 'recovery key', message: '140 random bits: not to be guessed' }];
    if (slot.kind !== 'agreement' && slot.kind !== 'transport') return [];
    const subject = `recipient ${Buffer.from(slot.recipient).toString('hex').slice(0, 16)}`;
    const bits = slot.kind === 'transport' ? slot.encryptedKey.length * 8 : 0;
    if (bits === 0)
      return [
        { severity: 'note', subject, message: curveOf(slot.kind === 'agreement' ? slot.share : new Uint8Array()) },
      ];
    return [{ severity: bits < 3072 ? 'warning' : 'note', subject, message: `RSA with ${bits} bits` }];
  });
}

function curveOf(share: Uint8Array): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
    key: Buffer.from(share),
    format: 'der',
    type: 'spki',
  });
  return `key agreement with ${asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType}`;
}

/** Names and signature only: comparing every byte is `media verify`. */
async function signatureFindings(
  medium: MediumReader,
  facts: MediumFacts,
  keys: readonly PublicKey[],
): Promise<AuditFinding[]> {
  const subject = 'signature';
  const [manifest, signature] = [medium.file('bootwright/manifest.json'), medium.file('bootwright/manifest.sig')];
  if (manifest === undefined || signature === undefined)
    return [{ severity: 'serious', subject, message: 'the medium has no signed list of its files' }];
  if (keys.length === 0)
    return [
      {
        severity: 'note',
        subject,
        message: 'was not checked: no key is known here',
        fix: 'Give --key FILE.pub, or --site.',
      },
    ];
  try {
    const signed = verifyManifest(await medium.bytes(manifest), await medium.bytes(signature), keys);
    checkMedium(signed, facts.id);
    checkFiles(
      signed,
      medium.files.map(({ path }) => path),
    );
    const message = `Ed25519 (256 bits) by ${signed.key.slice(0, 16)}; all ${signed.files.length} files are listed`;
    return [{ severity: 'note', subject, message, fix: 'bootwright media verify compares their bytes.' }];
  } catch (error) {
    if (!(error instanceof BootwrightError)) throw error;
    return [{ severity: 'serious', subject, message: error.message, fix: error.fix }];
  }
}
