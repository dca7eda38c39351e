import type { AuditFinding } from '../../model/audit.ts';
import { contentKeySecret } from '../../model/policy.ts';
import { isSecretReference } from '../../model/sequence.ts';
import { passwordStrength } from '../../trust/password-strength.ts';
import { type Brought, secretsOf, variablesOf } from '../medium/policy.ts';
import type { AuditRequest } from './request.ts';

/** Secrets of a policy by name: what `!secret` names, and hidden variables. */
export function secretNames(policy: Brought): string[] {
  const hidden = variablesOf(policy).filter(({ hidden, value }) => hidden === true && !isSecretReference(value));
  const stored = Object.keys(secretsOf(policy)).filter((name) => name !== contentKeySecret);
  return [...new Set([...stored, ...hidden.map(({ name }) => name)])].sort();
}

/** What the opened sealed part tells; values are judged, never shown. */
export function policyFindings(
  policy: Brought,
  isSealed: boolean,
  password: string | undefined,
  request: AuditRequest,
): AuditFinding[] {
  const names = secretNames(policy);
  return [
    ...(names.length > 0 && !isSealed
      ? [finding('serious', 'secrets', `everybody reads ${names.join(', ')}`, 'Make the medium with a password.')]
      : []),
    ...expiry(policy, request.now, names.length > 0),
    ...(policy.allowShell
      ? [
          finding(
            'warning',
            'shell',
            'whoever starts the medium gets a shell with all rights (Alt-F2), and reads what the agent has opened',
            'Build the boot image without --allow-shell.',
          ),
        ]
      : []),
    ...(policy.unattended
      ? [finding('warning', 'unattended', 'disks are erased without a question to whoever starts it')]
      : []),
    ...weakSecrets(policy, password),
    ...written(writtenSecrets(policy, request)),
  ];
}

const longestDays = 400;

function expiry({ validTo }: Brought, now: Date, hasSecrets: boolean): AuditFinding[] {
  const fix = 'Make the medium with --valid-to DATE; sticks are lost.';
  if (validTo === undefined)
    return [finding(hasSecrets ? 'warning' : 'note', 'expiry', 'the medium can be used for ever', fix)];
  const days = Math.floor((Date.parse(validTo) - now.getTime()) / 86_400_000);
  if (days < 0) return [finding('note', 'expiry', `expired on ${validTo}`)];
  return [
    finding(days > longestDays ? 'warning' : 'note', 'expiry', `can be used for ${days} more days, until ${validTo}`),
  ];
}

function weakSecrets(policy: Brought, password: string | undefined): AuditFinding[] {
  return Object.entries(secretsOf(policy)).flatMap(([name, value]) => {
    if (name === contentKeySecret || value.length > 128) return [];
    if (value === password)
      return [
        finding(
          'serious',
          `secret ${name}`,
          'is the same as the password of the medium',
          'Give one of them a new value.',
        ),
      ];
    const { bits } = passwordStrength(value, [policy.organisation, name]);
    return bits < 30
      ? [
          finding(
            'warning',
            `secret ${name}`,
            `is guessed in about 2^${bits} tries wherever it is used`,
            'Give it a new value.',
          ),
        ]
      : [];
  });
}

/** What a target without a TPM has on its disk for a while; where a server decides, the site's own list says it. */
export function writtenSecrets(policy: Brought, { deployedSecrets }: AuditRequest): readonly string[] {
  return 'sequence' in policy ? deployedSecrets(policy).secrets : [];
}

function written(secrets: readonly string[]): AuditFinding[] {
  if (secrets.length === 0) return [];
  const message = `${secrets.join(', ')}: written to the target’s disk (readable by root) where it has no TPM, until the sequence ends`;
  return [finding('warning', 'on the target', message)];
}

function finding(severity: AuditFinding['severity'], subject: string, message: string, fix?: string): AuditFinding {
  return { severity, subject, message, ...(fix === undefined ? {} : { fix }) };
}
