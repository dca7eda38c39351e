import { judgeRequest } from '../../../src/netboot/tftp/judge-request.ts';
import { negotiate } from '../../../src/netboot/tftp/options.ts';
import { decodePacket, encodePacket } from '../../../src/netboot/tftp/packet.ts';

/** Numbers from a seed (xorshift): the same packets in every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed * 0x9e37_79b9 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const starts = [
  encodePacket({
    type: 'read',
    file: 'boot\\x64\\wdsnbp.com',
    mode: 'octet',
    options: [
      ['blksize', '1456'],
      ['tsize', '0'],
      ['windowsize', '16'],
    ],
  }),
  encodePacket({ type: 'write', file: 'x', mode: 'netascii', options: [] }),
  encodePacket({ type: 'options', options: [['timeout', '4']] }),
  encodePacket({ type: 'error', code: 8, text: 'User aborted' }),
  encodePacket({ type: 'acknowledgement', block: 7 }),
];

/** Changes real packets and makes up others; everything that reads requests reads them. */
export function fuzzPackets(count: number, seed: number): { packets: number; exceptions: number; requests: number } {
  const random = randomNumbers(seed);
  let [exceptions, requests] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const start = starts[random(starts.length)]!;
    const bytes = random(4) === 0 ? new Uint8Array(random(64)) : start.slice(0, 1 + random(start.length + 8));
    for (let changes = random(6); changes > 0; changes -= 1) bytes[random(bytes.length + 1)] = random(256);
    try {
      decodePacket(bytes);
      const judgement = judgeRequest(bytes);
      if ('request' in judgement) {
        requests += 1;
        negotiate(judgement.request, { blockSize: 1468, windowSize: 64 }, random(2 ** 31));
      }
    } catch {
      exceptions += 1;
    }
  }
  return { packets: count, exceptions, requests };
}
