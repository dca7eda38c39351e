import type { Session } from './session.ts';

/** Transfers that have something to send. They take turns, so that none waits for another's whole window. */
export class SendQueue<Port> {
  #sessions: Session<Port>[] = [];

  get isEmpty(): boolean {
    return this.#sessions.length === 0;
  }

  add(session: Session<Port>): void {
    if (!session.isQueued) this.#sessions.push(session);
    session.isQueued = true;
  }

  /** One burst of each; who has more comes again. Says whether the sockets took it all. */
  round(sendBurst: (session: Session<Port>) => boolean): boolean {
    const waiting = this.#sessions;
    this.#sessions = [];
    let isTaken = true;
    for (const session of waiting) {
      session.isQueued = false;
      if (hasUnsent(session) && !sendBurst(session)) isTaken = false;
      if (hasUnsent(session)) this.add(session);
    }
    return isTaken;
  }
}

const hasUnsent = (session: Session<unknown>): boolean => !session.isEnded && session.transfer.hasUnsent;

/** At most 64 KiB leave in one send, and half of that for a client that keeps losing parts of windows. */
export function burstOf(blockSize: number, isLossy: boolean): number {
  const most = Math.min(64, Math.floor(65_507 / (blockSize + 4)));
  return Math.max(1, isLossy ? most >> 1 : most);
}
