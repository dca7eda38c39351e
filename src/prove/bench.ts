import { type Acceleration, chooseAcceleration } from './acceleration.ts';
import { type Firmware, findFirmware } from './firmware.ts';
import { type FollowOptions, GuestEvents, type Script } from './follow.ts';
import { type Guest, startGuest } from './guest.ts';
import type { GuestEvent } from './guest-event.ts';
import { firmwareOf, type MachineDescription, type Profile } from './machine.ts';
import { readKernel } from './medium-files.ts';
import { phaseLimits } from './watch.ts';

/** A machine on the bench: powered on, listened to. */
export interface BenchMachine {
  readonly profile: Profile;
  readonly guest: Guest;
  readonly heard: GuestEvents;
  readonly firmware: Firmware;
  readonly acceleration: Acceleration;
  /** Follows it to a goal; limits fit the acceleration. @throws as `GuestEvents.follow` */
  follow(script: Script, options?: Partial<FollowOptions>): Promise<GuestEvent>;
}

/** Powers a machine on and listens to it from the first instruction. @throws as `startGuest`, `findFirmware` */
export async function powerOn(
  machine: MachineDescription,
  folder: string,
  signal?: AbortSignal,
): Promise<BenchMachine> {
  const acceleration = await chooseAcceleration(async () => await readKernel(machine.medium));
  const firmware = await findFirmware(firmwareOf(machine.profile));
  const heard = new GuestEvents();
  const guest = await startGuest(
    machine,
    { folder, firmware, acceleration, ...(signal === undefined ? {} : { signal }) },
    heard.listen,
  );
  return {
    profile: machine.profile,
    guest,
    heard,
    firmware,
    acceleration,
    follow: async (script, options = {}) =>
      await heard.follow(guest, script, {
        limits: phaseLimits[acceleration.kind],
        totalSeconds: 3600,
        ...(signal === undefined ? {} : { signal }),
        ...options,
      }),
  };
}
