import { type MaintenanceWindow, weekdays } from '../model/deployment.ts';

const day = 86_400_000;

/**
 * Whether a machine may be worked on now; one without windows always may. Windows are in the time zone this program runs
 * in: a start that the clock skips in spring is an hour later, one it repeats in autumn is the first. Pure.
 */
export function isOpen(windows: readonly MaintenanceWindow[], now: Date): boolean {
  return (
    windows.length === 0 ||
    windows.some((window) => occurrences(window, now).some(({ begin, end }) => begin <= now && now < end))
  );
}

/** When the next window begins that is not open yet; `undefined` without windows. Pure. */
export function nextOpening(windows: readonly MaintenanceWindow[], now: Date): Date | undefined {
  const coming = windows.flatMap((window) => occurrences(window, now)).filter(({ begin }) => begin > now);
  return coming.map(({ begin }) => begin).sort((a, b) => a.getTime() - b.getTime())[0];
}

/** Those that begin between yesterday and a week from now: none is longer than a day. */
function occurrences({ days, start, minutes }: MaintenanceWindow, now: Date): { begin: Date; end: Date }[] {
  const [hour = 0, minute = 0] = start.split(':').map(Number);
  return [-1, 0, 1, 2, 3, 4, 5, 6, 7].flatMap((offset) => {
    const begin = new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset, hour, minute);
    if (days.length > 0 && !days.includes(weekdays[begin.getDay()]!)) return [];
    return [{ begin, end: new Date(begin.getTime() + Math.min(minutes * 60_000, day)) }];
  });
}

/** `Saturday and Sunday 22:00 for 4 h` */
export function describeWindow({ days, start, minutes }: MaintenanceWindow): string {
  const names = days.map((name) => name[0]!.toUpperCase() + name.slice(1));
  const length = minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
  return `${names.length === 0 ? 'every day' : names.join(', ')} ${start} for ${length}`;
}
