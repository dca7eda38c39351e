import * as z from 'zod';
import { verifyIntervals } from '../model/content.ts';
import { deploymentSettingsSchema } from './deployment-schema.ts';

/** IDs are names of files and folders, also on media and on FAT32 sticks. */
export const idPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$/;

const days = z.int().min(0).max(36_500);

export const retentionSchema = z.strictObject({
  runs: days.default(365).describe('runs with their events and logs, after the last report'),
  machines: days.default(90).describe('machines of which no run is kept, after they asked last'),
  sessions: days.default(30).describe('sessions, approvals and grants, after they ended'),
});

/** `site.yaml`. */
export const siteSchema = z.strictObject({
  name: z.string().min(1).max(100).describe('shown on screens and in plans'),
  organisation: z.string().max(255).optional().describe('shown while a machine is deployed (_SMSTSOrgName)'),
  keyboard: z
    .string()
    .regex(/^[a-z]{2,3}(-[a-z0-9]+)*$/, 'write a layout as us, de, fr or de-latin1')
    .optional()
    .describe('keyboard layout of the password prompt; default: us'),
  defaults: z
    .strictObject({
      bootImage: z.string().regex(idPattern).optional().describe('folder below boot-images/; default: default'),
      label: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,32}$/, 'use up to 32 letters, digits, _ and -')
        .optional()
        .describe('volume label of media'),
    })
    .optional(),
  passwords: z
    .strictObject({
      minimumLength: z.int().min(1).max(128).optional().describe('characters; default: 8'),
      minimumBits: z.int().min(0).max(128).optional().describe('strength as bootwright estimates it; default: 30'),
    })
    .optional()
    .describe('what passwords of media have to be'),
  deployments: deploymentSettingsSchema.optional().describe('which machines are answered, and how'),
  retention: retentionSchema.optional().describe('days after which the server forgets; 0: never'),
  content: z
    .strictObject({
      library: z.string().min(1).optional().describe('folder of the content library; default: .bootwright/content'),
      keep: z.int().min(1).max(1000).optional().describe('versions of each ID that stay; default: 3'),
      servers: z
        .array(
          z
            .string()
            .max(2000)
            .regex(/^https?:\/\/[^\s/]+(\/\S*)?$/, 'write the address of a folder as https://content.example.org/site'),
        )
        .max(16)
        .optional()
        .describe('web servers that hold a distributed folder (bootwright content distribute); asked first'),
      verify: z
        .enum(verifyIntervals)
        .optional()
        .describe('how often bootwright serve compares the library with its hashes; default: weekly'),
    })
    .optional(),
});

/** `images/<ID>.yaml`: an OS image that lies elsewhere. */
export const imageSchema = z.strictObject({
  file: z.string().min(1).describe('path of the WIM, absolute or relative to the site folder'),
  description: z.string().max(255).optional(),
  confidential: z.boolean().optional().describe('kept and published only encrypted'),
});
