import { cleanName } from './names.ts';
import { isKnownMode } from './options.ts';
import { decodePacket, errorCodes, type Request } from './packet.ts';
import type { TransferRecord } from './record.ts';

export interface Refusal {
  readonly outcome: TransferRecord['outcome'];
  readonly name: string;
  readonly code: number;
  readonly text: string;
}

export type Judgement =
  /** No answer at all: whoever sends this may not be who it says, and an answer would be an echo to a stranger. */
  | { readonly drop: 'tooLong' | 'noRequest' }
  | { readonly refuse: Refusal }
  | { readonly request: Request; readonly path: string };

const longestRequest = 1500;
const { accessViolation, illegalOperation } = errorCodes;

/** What a datagram to the service's own port is. */
export function judgeRequest(bytes: Uint8Array): Judgement {
  if (bytes.length > longestRequest) return { drop: 'tooLong' };
  const packet = decodePacket(bytes);
  const refuse = (outcome: Refusal['outcome'], name: string, code: number, text: string): Judgement => ({
    refuse: { outcome, name, code, text },
  });
  switch (packet.type) {
    case 'malformed':
      return refuse('malformed', '', illegalOperation, 'malformed request');
    case 'write':
      return refuse('write-refused', packet.file, accessViolation, 'uploads are off');
    case 'read': {
      if (!isKnownMode(packet.mode)) return refuse('malformed', packet.file, illegalOperation, 'unknown mode');
      const cleaned = cleanName(packet.file);
      if ('refused' in cleaned) return refuse('denied', packet.file, accessViolation, 'access violation');
      return { request: packet, path: cleaned.path };
    }
    default:
      return { drop: 'noRequest' };
  }
}
