import { X509Certificate } from 'node:crypto';
import { type ConfigMgrSealed, parseConfigMgrSealed } from '../../formats/configmgr-sealed.ts';
import { childrenOf, parseXml, textOf } from '../../formats/xml.ts';
import { certificateOfPfx } from '../../host/pfx.ts';
import { type Audit, type AuditFinding, guessingTime, sortFindings } from '../../model/audit.ts';
import { BootwrightError } from '../../model/error.ts';
import { namesSecret } from '../../site/passwords.ts';
import { unsealConfigMgr } from '../../trust/configmgr-unseal.ts';
import { configMgrGuessesPerSecond } from '../../trust/guessing-rate.ts';
import { passwordStrength } from '../../trust/password-strength.ts';
import type { ConfigMgrFiles } from './configmgr-files.ts';
import type { AuditRequest } from './request.ts';

/** SHA-1 and a block of AES: what graphics cards do a billion times a second. */
const cardGuessesPerSecond = 1e9;

/**
 * Judges a medium of Configuration Manager, opened with its owner's password. Nothing is written, and what is built
 * into Windows' programs for media without a password is not used: those are reported as unprotected.
 *
 * @throws BW-MEDIA-011 not of that format, BW-TRUST-091 wrong password
 */
export async function auditConfigMgr(files: ConfigMgrFiles, file: string, request: AuditRequest): Promise<Audit> {
  const sealed = parseConfigMgrSealed(files.variables);
  if (sealed === undefined)
    throw new BootwrightError('BW-MEDIA-011', `The variables of ${file} are in no format of Configuration Manager.`);
  const isProtected = !/^\s*PasswordRequired\s*=\s*false\s*$/im.test(files.bootstrap ?? '');
  const password = isProtected ? await passwordOf(request) : undefined;
  const variables = password === undefined ? undefined : variablesOf(sealed, password);
  const policy = files.policy === undefined ? undefined : parseConfigMgrSealed(files.policy);
  const rate = configMgrGuessesPerSecond(sealed.algorithm.keyBytes);
  const bits = password === undefined ? undefined : passwordStrength(password).bits;
  const secrets = [...(variables?.keys() ?? [])].filter(isSecretVariable);
  return {
    file,
    maker: 'configmgr',
    level: isProtected ? 'password' : 'unprotected',
    opened: variables !== undefined,
    readers: [
      {
        who: isProtected ? 'who knows or guesses the password' : 'anybody who holds it',
        reads: [
          'the media certificate with its private key',
          'where the management points are',
          ...(policy === undefined ? [] : ['the task sequence with all its passwords']),
          ...secrets.map((name) => `the variable ${name}`),
        ],
      },
    ],
    ...(isProtected
      ? { guessing: { guessesPerSecond: rate, ...(bits === undefined ? {} : { passwordBits: bits }) } }
      : {}),
    findings: sortFindings([
      ...formatFindings(sealed, isProtected),
      ...(bits === undefined ? [] : [strengthFinding(bits, rate)]),
      ...(variables === undefined ? [] : variableFindings(variables, request.now)),
      ...(policy === undefined || password === undefined ? [] : policyFindings(policy, password)),
    ]),
  };
}

async function passwordOf({ secret }: AuditRequest): Promise<string | undefined> {
  const given = typeof secret === 'function' ? await secret() : secret;
  return typeof given === 'string' ? given : undefined;
}

function formatFindings({ algorithm }: ConfigMgrSealed, isProtected: boolean): AuditFinding[] {
  const known: AuditFinding[] = [
    finding(
      'warning',
      'authentication',
      'the format has no tag: what opens may have been changed, and nobody would see it',
    ),
    finding('note', 'cipher', `${algorithm.name} in CBC mode with a fixed initialisation vector of zeros`),
  ];
  if (!isProtected) {
    const message =
      'the medium is unprotected: without a password its files are encoded with a text that everybody knows';
    return [
      finding('serious', 'password', message, 'Make it again with a password, and block its certificate.'),
      ...known,
    ];
  }
  return [
    finding(
      'warning',
      'derivation',
      'the key is three rounds of SHA-1 without salt: only the password’s length protects it',
    ),
    ...known,
    ...(algorithm.name === '3DES' ? [finding('warning', 'cipher', '3DES has been withdrawn')] : []),
  ];
}

function strengthFinding(bits: number, rate: number): AuditFinding {
  const here = guessingTime(bits, rate);
  const card = guessingTime(bits, cardGuessesPerSecond);
  const message = `at most 2^${bits} guesses: ${here} on one core of this machine, ${card} on a graphics card (estimates)`;
  const fix = 'Make the medium again with twelve random characters at least, and block its certificate.';
  return finding(bits < 60 ? 'serious' : 'warning', 'password', message, fix);
}

function variablesOf(sealed: ConfigMgrSealed, password: string): Map<string, string> {
  const root = parseXml(unsealConfigMgr(sealed, password));
  return new Map(childrenOf(root, 'var').map((each) => [each.attributes['name'] ?? '', textOf(each)]));
}

/** Those an administrator added: Configuration Manager's own start with an underscore or `SMS`. */
function isSecretVariable(name: string): boolean {
  return !/^(_|SMS)/i.test(name) && namesSecret(name);
}

function variableFindings(variables: ReadonlyMap<string, string>, now: Date): AuditFinding[] {
  const added = [...variables.keys()].filter((name) => !/^(_|SMS)/i.test(name));
  const points =
    [variables.get('SMSTSMP'), variables.get('SMSTSLocationMPs')].join('*').match(/http:\/\/[^*\s]+/gi) ?? [];
  const unknown = [...variables.keys()].filter((name) => /UnknownMachineGUID/i.test(name));
  return [
    ...added
      .filter(isSecretVariable)
      .map((name) => finding('serious', `variable ${name}`, 'holds a secret by its name')),
    ...added
      .filter((name) => !isSecretVariable(name))
      .map((name) => finding('note', `variable ${name}`, 'added by an administrator')),
    ...points.map((url) => finding('warning', 'management point', `${url}: policies travel unencrypted`, 'Use HTTPS.')),
    ...(unknown.length === 0
      ? []
      : [
          finding(
            'warning',
            'unknown computers',
            'whoever opens it can ask for policies in the name of unknown computers',
          ),
        ]),
    ...certificateFindings(variables, now),
  ];
}

function certificateFindings(variables: ReadonlyMap<string, string>, now: Date): AuditFinding[] {
  const pfx = variables.get('_SMSTSMediaPFX');
  if (pfx === undefined) return [];
  const subject = 'media certificate';
  const found = [
    finding(
      'warning',
      subject,
      'its private key lies on the medium, and the password of its PFX beside it: who opens the medium is that client',
      'If a medium is lost, block its certificate in the console.',
    ),
  ];
  const der = certificateOfPfx(Buffer.from(pfx.trim(), 'hex'), (variables.get('_SMSMediaGuid') ?? '').slice(0, 31));
  if (der === undefined) return [...found, finding('note', subject, 'could not be looked at: the PFX does not open')];
  const certificate = new X509Certificate(der);
  const { modulusLength = 0 } = certificate.publicKey.asymmetricKeyDetails ?? {};
  const days = Math.floor((certificate.validToDate.getTime() - now.getTime()) / 86_400_000);
  const name = certificate.subject.split('\n').join(', ');
  const validity = days < 0 ? `expired on ${certificate.validTo}` : `valid for ${days} more days`;
  return [
    ...found,
    finding(days > 400 ? 'warning' : 'note', subject, `${name}, ${validity}`),
    ...(modulusLength > 0
      ? [finding(modulusLength < 2048 ? 'serious' : 'note', subject, `RSA with ${modulusLength} bits`)]
      : []),
    ...((certificate.keyUsage ?? []).includes('1.3.6.1.5.5.7.3.1')
      ? [
          finding(
            'serious',
            subject,
            'may also authenticate a server',
            'Use a certificate for client authentication only.',
          ),
        ]
      : []),
  ];
}

function policyFindings(policy: ConfigMgrSealed, password: string): AuditFinding[] {
  const text = unsealConfigMgr(policy, password);
  // Version 0x1389 or 0x138A in front: the key that opens the value lies in the value.
  const encoded = text.match(/\b8[9A]130000[0-9A-F]{80,}/gi)?.length ?? 0;
  const network = /NetworkAccess(Username|Password)|CCM_NetworkAccessAccount/.test(text);
  const named = text.match(/name="[^"]*(?:password|pwd)[^"]*"[^>]*>[^<]+/gi)?.length ?? 0;
  return [
    finding('warning', 'policy.xml', 'the task sequence lies in it in clear once the medium is open'),
    ...(encoded > 0
      ? [finding('serious', 'policy.xml', `${encoded} values are encoded, not encrypted: their key lies beside them`)]
      : []),
    ...(named > 0 ? [finding('serious', 'policy.xml', `${named} passwords of steps`)] : []),
    ...(network
      ? [
          finding(
            'serious',
            'network access account',
            'its name and password are in it',
            'Use Enhanced HTTP, and remove the account.',
          ),
        ]
      : []),
  ];
}

function finding(severity: AuditFinding['severity'], subject: string, message: string, fix?: string): AuditFinding {
  return { severity, subject, message, ...(fix === undefined ? {} : { fix }) };
}
