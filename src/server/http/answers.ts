import { BootwrightError } from '../../model/error.ts';
import type { ErrorCode } from '../../model/errors/index.ts';
import { type ProtocolError, protocolVersion } from '../../model/protocol.ts';
import { TooManyTries } from '../passwords.ts';
import { MissingForRun } from '../preflight.ts';
import { ReportGap } from '../state/runs.ts';
import { storageError } from '../storage-error.ts';
import { UploadGap } from '../upload-gap.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  'BW-SERVER-001': 400,
  'BW-SERVER-002': 426,
  'BW-SERVER-003': 404,
  'BW-SERVER-004': 403,
  'BW-SERVER-005': 403,
  'BW-SERVER-006': 429,
  'BW-SERVER-007': 403,
  'BW-SERVER-008': 401,
  'BW-SERVER-009': 404,
  'BW-SERVER-010': 416,
  'BW-SERVER-011': 409,
  'BW-SERVER-012': 403,
  'BW-SERVER-013': 413,
  'BW-SERVER-021': 429,
  'BW-SERVER-040': 503,
  'BW-SERVER-060': 507,
  'BW-SERVER-061': 503,
  'BW-SERVER-070': 403,
  'BW-SERVER-071': 403,
  'BW-SERVER-110': 401,
  'BW-SERVER-111': 409,
  'BW-SERVER-112': 422,
  'BW-SERVER-113': 413,
  'BW-SERVER-114': 409,
};

/** Seconds after which the same request may succeed. */
const retryAfter: Partial<Record<ErrorCode, number>> = { 'BW-SERVER-021': 60, 'BW-SERVER-060': 30, 'BW-SERVER-061': 5 };

/** The answer to a request that failed. Only our own words reach the client: never a stack, a path or another program's text. */
export function answerFor(error: unknown): { readonly status: number; readonly body: ProtocolError } {
  const ours = toOurs(error);
  const { code, message, fix } = ours;
  return {
    status: statuses[code] ?? 500,
    body: {
      ...{ code, message, fix },
      ...(ours instanceof TooManyTries ? { retryAfterSeconds: ours.retryAfterSeconds } : {}),
      ...(retryAfter[code] === undefined ? {} : { retryAfterSeconds: retryAfter[code] }),
      ...(ours instanceof MissingForRun ? { missing: ours.missing } : {}),
      ...(ours instanceof MissingForRun && ours.retryAfterSeconds !== undefined
        ? { retryAfterSeconds: ours.retryAfterSeconds }
        : {}),
      ...(ours instanceof ReportGap || ours instanceof UploadGap ? { next: ours.next } : {}),
      ...(code === 'BW-SERVER-002' ? { lowest: protocolVersion, highest: protocolVersion } : {}),
    },
  };
}

function toOurs(error: unknown): BootwrightError {
  if (error instanceof BootwrightError && statuses[error.code] !== undefined) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new BootwrightError('BW-SERVER-013', 'The body is larger than the server takes here.');
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new BootwrightError('BW-SERVER-001', 'The request cannot be read.');
  const storage = storageError(error);
  if (storage !== undefined) return storage;
  return new BootwrightError('BW-SERVER-014', 'The server failed; its own output says why.', { cause: error });
}
