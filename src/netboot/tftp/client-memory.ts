import { BoundedMap } from './bounded-map.ts';
import type { OptionLimits } from './options.ts';

/** How a transfer went, as far as the client's next request should be answered more carefully. */
export interface Experience {
  readonly blockSize: number;
  readonly windowSize: number;
  /** The client kept losing parts of windows. */
  readonly isLossy: boolean;
  /** It answered our options, and then not one of its blocks arrived. */
  readonly nothingArrived: boolean;
}

interface Caution {
  readonly limits: Partial<OptionLimits>;
  readonly until: number;
}

const rememberedFor = 10 * 60_000;
/** Overlay networks and VPNs carry less than they say: steps that were seen to help. */
const blockSteps = [1400, 1024, 512];

/** What clients could not bear lately, by address. */
export class ClientMemory {
  readonly #cautions = new BoundedMap<Caution>(4096);

  limits(client: string, limits: OptionLimits, now: number): OptionLimits {
    const caution = this.#cautions.get(client);
    if (caution === undefined || caution.until < now) return limits;
    return {
      blockSize: Math.min(limits.blockSize, caution.limits.blockSize ?? limits.blockSize),
      windowSize: Math.min(limits.windowSize, caution.limits.windowSize ?? limits.windowSize),
    };
  }

  learn(client: string, experience: Experience, now: number): void {
    const known = this.#cautions.get(client)?.limits ?? {};
    const blockSize = experience.nothingArrived
      ? blockSteps.find((step) => step < experience.blockSize)
      : known.blockSize;
    const windowSize = experience.isLossy ? Math.max(1, Math.floor(experience.windowSize / 2)) : known.windowSize;
    if (!experience.isLossy && !experience.nothingArrived) return;
    const limits = {
      ...(blockSize === undefined ? {} : { blockSize }),
      ...(windowSize === undefined ? {} : { windowSize }),
    };
    this.#cautions.set(client, { limits, until: now + rememberedFor });
  }
}
