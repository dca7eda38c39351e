import { join } from 'node:path';
import * as z from 'zod';
import { exists } from '../host/files.ts';
import type { Problem } from '../model/error.ts';
import { readDocument } from './read-document.ts';
import { readSiteFile } from './read-file.ts';

export const revokedMediaFile = 'revoked-media.yaml';

/** `revoked-media.yaml`: media that get nothing more from a server. */
const revokedMediaSchema = z.strictObject({
  media: z
    .array(
      z.strictObject({
        id: z
          .string()
          .regex(/^[0-9A-Fa-f]{32}$/, 'write the 32 hex digits that `bootwright media inspect` shows')
          .transform((id) => id.toLowerCase()),
        reason: z.string().max(255).default(''),
      }),
    )
    .default([]),
});

/** Why media were revoked, by their ids in lower case. */
export async function loadRevokedMedia(root: string, problems: Problem[]): Promise<Map<string, string>> {
  if (!(await exists(join(root, revokedMediaFile)))) return new Map();
  const bytes = await readSiteFile(root, revokedMediaFile, problems);
  const read = bytes === undefined ? undefined : readDocument(revokedMediaSchema, bytes, revokedMediaFile);
  problems.push(...(read?.problems ?? []));
  return new Map(read?.value?.media.map(({ id, reason }) => [id, reason]));
}
