import { exitCodes } from './errors/entry.ts';
import { type ErrorCode, errorCatalogue } from './errors/index.ts';

/** Where in an authored file something is wrong. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Position inside the document in words, e.g. `/Install/Partition`. */
  readonly path?: string;
}

export interface ErrorDetails {
  /** Overrides the catalogue's advice when the situation allows a more exact one. */
  readonly fix?: string;
  readonly place?: Place;
  readonly cause?: unknown;
}

/**
 * The one error class. The message says what happened and what that means for the user's files or disks; the code is
 * stable; `fix` says what to do.
 */
export class BootwrightError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly place: Place | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BootwrightError';
    this.code = code;
    this.fix = details.fix ?? errorCatalogue[code].fix;
    this.place = details.place;
  }

  get exitCode(): number {
    return exitCodes[errorCatalogue[this.code].exit];
  }
}

/** A finding about an authored file. Checks collect all of them; only the edge turns them into one error. */
export interface Problem extends Place {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix?: string;
}

/** `site.yaml:3:7`, the form editors and terminals turn into a link. */
export function formatPlace(place: Place): string {
  const position =
    place.line === undefined ? '' : `:${place.line}${place.column === undefined ? '' : `:${place.column}`}`;
  return `${place.file}${position}${place.path === undefined ? '' : ` (${place.path})`}`;
}
