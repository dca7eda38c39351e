import type { PasswordCost } from '../formats/sealed.ts';
import { monotonicMilliseconds } from '../host/clock.ts';
import { configMgrKey } from './configmgr-unseal.ts';
import { passwordKey } from './password-key.ts';

/** Passwords a second that one core of this machine can try against a sealed file of this cost. Takes a second. */
export async function guessesPerSecond(cost: PasswordCost): Promise<number> {
  const salt = new Uint8Array(16);
  // The first call also takes the memory from the system.
  await passwordKey('warm-up', salt, cost);
  const start = monotonicMilliseconds();
  let guesses = 0;
  do {
    guesses += 1;
    await passwordKey(`guess ${guesses}`, salt, cost);
  } while (monotonicMilliseconds() - start < 1000);
  return (guesses * 1000) / (monotonicMilliseconds() - start);
}

/** The same for files of Configuration Manager, with this program; graphics cards are a hundred times faster still. */
export function configMgrGuessesPerSecond(keyBytes: number): number {
  const start = monotonicMilliseconds();
  let guesses = 0;
  while (monotonicMilliseconds() - start < 300) {
    for (let index = 0; index < 500; index += 1) configMgrKey(`guess ${guesses + index}`, keyBytes);
    guesses += 500;
  }
  return (guesses * 1000) / (monotonicMilliseconds() - start);
}
