import type { Option, Request } from './packet.ts';

/** What the service allows a client. */
export interface OptionLimits {
  /** Bytes of a block that reach this client in one piece. */
  readonly blockSize: number;
  readonly windowSize: number;
}

export interface Negotiated {
  readonly blockSize: number;
  readonly windowSize: number;
  /** Seconds between retransmissions, where the client chose them. */
  readonly timeout: number | undefined;
  /** What block 65,535 is followed by. */
  readonly rollover: 0 | 1;
  /** What to say back, empty when nothing was asked that we accept. */
  readonly acknowledged: readonly Option[];
}

const defaultBlockSize = 512;
const smallestBlockSize = 8;
const largestBlockSize = 65_464;

/**
 * Negotiates as RFC 2347, 2348, 2349 and 7440 say, and as clients bear it: names come back as they were spelled, in the
 * client's order, values are lowered and never raised, and what is unknown or no number counts as not asked.
 *
 * @param size bytes the client will receive; `undefined` where that is not known beforehand
 */
export function negotiate(
  { options, mode }: Pick<Request, 'options' | 'mode'>,
  limits: OptionLimits,
  size: number | undefined,
  rolloverByDefault: 0 | 1 = 0,
): Negotiated {
  const acknowledged: Option[] = [];
  let [blockSize, windowSize] = [defaultBlockSize, 1];
  let timeout: number | undefined;
  let rollover = rolloverByDefault;
  for (const [name, text] of options) {
    const value = decimal(text);
    if (value === undefined) continue;
    const accept = (answer: number): number => {
      acknowledged.push([name, String(answer)]);
      return answer;
    };
    switch (name.toLowerCase()) {
      case 'blksize':
        if (value >= smallestBlockSize) blockSize = accept(Math.min(value, limits.blockSize, largestBlockSize));
        break;
      case 'tsize':
        if (size !== undefined) accept(size);
        break;
      case 'timeout':
        if (value >= 1 && value <= 255) timeout = accept(value);
        break;
      case 'windowsize':
        // Converting to netascii has to remember where each block of a window began: lock step does without.
        if (value >= 1 && value <= 65_535 && !isNetascii(mode)) windowSize = accept(Math.min(value, limits.windowSize));
        break;
      case 'rollover':
        if (value === 0 || value === 1) rollover = accept(value) as 0 | 1;
        break;
    }
  }
  return { blockSize, windowSize, timeout, rollover, acknowledged };
}

export const isNetascii = (mode: string): boolean => mode.toLowerCase() === 'netascii';

/** `mail` is long dead; `binary` is what some clients call octet. */
export function isKnownMode(mode: string): boolean {
  return ['octet', 'binary', 'netascii'].includes(mode.toLowerCase());
}

function decimal(text: string): number | undefined {
  return /^0*\d{1,15}$/.test(text) ? Number(text) : undefined;
}
