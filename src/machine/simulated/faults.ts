import type { Machine } from '../../model/machine.ts';

type Operation = Exclude<keyof Machine, 'kind' | 'environment'>;

export interface Fault {
  readonly operation: Operation;
  /** Which call of the operation is hit, from 1; 0 hits every one. */
  readonly call?: number;
  /** `fail`: throws `error` without doing it · `lie`: says it was done without doing it · or what it returns instead. */
  readonly kind: 'fail' | 'lie' | { readonly answer: unknown };
  readonly error?: Error;
}

/**
 * The same machine with one broken part: a disk that forgets, a cable that fails. An instrument for showing that
 * steps believe only what they have read back.
 */
export function withFault(machine: Machine, fault: Fault): Machine {
  let calls = 0;
  return new Proxy(machine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      if (name !== fault.operation) return method;
      return async (...args: unknown[]): Promise<unknown> => {
        calls++;
        const isHit = fault.call === 0 || calls === (fault.call ?? 1);
        if (!isHit) return method(...args);
        if (fault.kind === 'fail') throw fault.error ?? new Error(`${fault.operation} failed: input/output error`);
        return fault.kind === 'lie' ? undefined : fault.kind.answer;
      };
    },
  });
}
