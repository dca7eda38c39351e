import type { GuestEvent } from './guest-event.ts';

/** Where a machine is on its way, as seen from outside. */
export type Phase = 'firmware' | 'boot environment' | 'agent' | 'restart';

/** Seconds a machine may be silent in each phase before it is given up. */
export type PhaseLimits = Readonly<Record<Phase, number>>;

/**
 * Generous for a busy machine without hardware support: software emulation is 10 to 30 times slower, and legacy
 * firmware reads a medium by a few sectors at a time.
 */
export const phaseLimits: Readonly<Record<'kvm' | 'tcg', PhaseLimits>> = {
  kvm: { firmware: 60, 'boot environment': 90, agent: 300, restart: 120 },
  tcg: { firmware: 240, 'boot environment': 240, agent: 600, restart: 420 },
};

/** The phase after an event. A restart lasts until the next sign of life. */
export function phaseAfter({ event }: GuestEvent): Phase {
  if (event.type === 'boot.mark') return 'boot environment';
  return event.type === 'restart.requested' ? 'restart' : 'agent';
}

/** What a person would conclude from silence in that phase. */
export function explainSilence(phase: Phase, seconds: number, last: string | undefined): string {
  const after = last === undefined ? '' : ` Last sign of life: ${last}.`;
  const because: Readonly<Record<Phase, string>> = {
    firmware: 'the firmware or the boot loader did not get to our boot environment (not bootable, or refused)',
    'boot environment': 'the boot environment started, but its agent did not (medium or root not found, or a crash)',
    agent: 'the agent fell silent (a step hangs, or it waits for an answer)',
    restart: 'after the restart nothing came back (boot order, boot loader or the deployed system)',
  };
  return `For ${Math.round(seconds)} s nothing was heard: ${because[phase]}.${after}`;
}

/** Text on the console after which waiting is pointless. */
const deathCries: readonly { readonly pattern: RegExp; readonly meaning: string }[] = [
  { pattern: /Kernel panic - not syncing: ([^\r\n]*)/, meaning: 'the kernel panicked' },
  { pattern: /grub rescue>/, meaning: "GRUB's first stage did not find the rest of itself" },
  { pattern: /BdsDxe: No bootable option or device was found/, meaning: 'the firmware found nothing to boot' },
  { pattern: /You are in emergency mode/, meaning: 'the deployed system came up in emergency mode' },
];

/** Why the machine is lost, if the console says so. */
export function deathCry(text: string): string | undefined {
  for (const { pattern, meaning } of deathCries) {
    const match = pattern.exec(text);
    if (match !== null) return match[1] === undefined ? meaning : `${meaning}: ${match[1]}`;
  }
  return undefined;
}
