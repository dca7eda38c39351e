import { describeWindow, isOpen, nextOpening } from '../../deployment/window.ts';
import type { Offer, Registration } from '../../model/protocol.ts';

/** What becomes of one offer on this running system, and why. */
export interface Judged {
  readonly offer: Offer;
  readonly state: 'available' | 'due' | 'waits';
  readonly why: string;
}

type Offered = Pick<Registration, 'offers' | 'maintenanceWindows'>;

/** The visible offers: which may be chosen, which begin by themselves now, which wait for what. Pure. */
export function judgeOffers({ offers, maintenanceWindows = [] }: Offered, now: Date): Judged[] {
  return offers
    .filter(({ hidden }) => !hidden)
    .map((offer): Judged => {
      if (offer.purpose === 'available') return { offer, state: 'available', why: 'runs when it is chosen' };
      const { assignments = [], outsideWindow = false } = offer.client ?? {};
      const deadline = deadlineOf(assignments);
      if (deadline === undefined)
        return {
          offer,
          state: 'waits',
          why: 'its assignments are for users who sign in or out, which are not followed here',
        };
      if (now < deadline) return { offer, state: 'waits', why: `due at ${localTime(deadline)}` };
      if (outsideWindow || isOpen(maintenanceWindows, now)) return { offer, state: 'due', why: 'required, begins now' };
      const next = nextOpening(maintenanceWindows, now);
      const windows = maintenanceWindows.map(describeWindow).join('; ');
      return {
        ...{ offer, state: 'waits' },
        why: `required, waits for a maintenance window (${windows}): ${next === undefined ? 'none' : localTime(next)}`,
      };
    });
}

/** The earliest time it is due at; now when nothing is said. `undefined`: only events that do not happen here. */
function deadlineOf(assignments: readonly string[]): Date | undefined {
  if (assignments.length === 0 || assignments.includes('asSoonAsPossible')) return new Date(0);
  const times = assignments.map((text) => Date.parse(text)).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** `Sat 2027-01-30 22:00`, by the clock on the wall. */
export function localTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][date.getDay()];
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${day} ${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
