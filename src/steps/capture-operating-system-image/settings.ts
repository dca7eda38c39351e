import * as z from 'zod';
import type { Machine, VolumeFacts } from '../../model/machine.ts';
import type { StepContext } from '../../model/step.ts';
import type { ReferenceSystem } from '../reference-system/find.ts';
import { flag, number, oneOf, secretText, text } from '../settings.ts';

export const captureSettings = z.strictObject({
  destination: text
    .optional()
    .describe('//server/share/name.wim, nfs://server/folder/name.wim, https://server, or LABEL=NAME/name.wim.'),
  account: text.optional().describe('Account of the share: name, DOMAIN\\name or name@domain.'),
  password: secretText.optional().describe('Its password; for https the upload token.'),
  imageName: text.optional().describe('Name of the image; by default that of the system.'),
  imageDescription: text.max(255).optional().describe('Stored in the image.'),
  imageVersion: text.max(32).optional().describe('Stored in the image.'),
  imageCreator: text.max(255).optional().describe('Stored in the image.'),
  volume: text.optional().describe('The volume with the system; by default the only one there is.'),
  compression: oneOf(['none', 'fast', 'maximum', 'recovery'], { lzx: 'maximum', xpress: 'fast', lzms: 'recovery' })
    .default('maximum')
    .describe('maximum is LZX, which every program that applies a WIM knows.'),
  exclude: z.array(text).default([]).describe('More to leave out: /folder/* from the root, or a name anywhere.'),
  overwrite: flag.default(false).describe('Replace an image of that name, once the new one is complete.'),
  patienceMinutes: number.default(30).describe('How long a destination that went away is waited for.'),
  authorities: text.optional().describe('For https: certificates in PEM of the authority the server belongs to.'),
});

export type CaptureSettings = z.infer<typeof captureSettings>;

/** What is captured, once everything is known. */
export interface Capture {
  readonly settings: CaptureSettings;
  readonly system: ReferenceSystem;
  /** The system's first. */
  readonly volumes: readonly VolumeFacts[];
  readonly name: string;
  readonly machine: Machine;
  readonly context: StepContext;
}
