import { agentErrors } from './agent.ts';
import { bootErrors } from './boot.ts';
import { contentErrors } from './content.ts';
import { deployErrors } from './deploy.ts';
import { diskErrors } from './disk.ts';
import { hostErrors } from './host.ts';
import { keyErrors } from './key.ts';
import { mediaErrors } from './media.ts';
import { netbootErrors } from './netboot.ts';
import { proveErrors } from './prove.ts';
import { sequenceErrors } from './sequence.ts';
import { serverErrors } from './server.ts';
import { siteErrors } from './site.ts';
import { stagingErrors } from './staging.ts';
import { stepErrors } from './step.ts';
import { trustErrors } from './trust.ts';

/**
 * Every error the project can raise, one file per area. A code never changes its meaning and is never used again
 * once removed: people search for it, and scripts compare it.
 */
export const errorCatalogue = {
  ...agentErrors,
  ...bootErrors,
  ...contentErrors,
  ...deployErrors,
  ...diskErrors,
  ...hostErrors,
  ...keyErrors,
  ...mediaErrors,
  ...netbootErrors,
  ...proveErrors,
  ...sequenceErrors,
  ...serverErrors,
  ...siteErrors,
  ...stagingErrors,
  ...stepErrors,
  ...trustErrors,
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
