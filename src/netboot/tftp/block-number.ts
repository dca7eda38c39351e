/*
 * Blocks count from 1 and are 16 bits on the wire. After 65,535 most clients expect 0, a few expect 1: then a round is one
 * number shorter.
 */

/** The number a block has on the wire. */
export function blockNumber(block: number, rollover: 0 | 1): number {
  if (rollover === 0 || block === 0) return block % 0x1_0000;
  return ((block - 1) % 0xffff) + 1;
}

/** The block nearest to `near` that has this number; `undefined` where there is none. */
export function blockAt(wire: number, near: number, rollover: 0 | 1): number | undefined {
  if (rollover === 1 && wire === 0) return near < 0xffff ? 0 : undefined;
  const round = rollover === 0 ? 0x1_0000 : 0xffff;
  const ahead = (((wire - blockNumber(near, rollover)) % round) + round) % round;
  const block = ahead <= round / 2 ? near + ahead : near + ahead - round;
  return block < 0 ? undefined : block;
}
