import { Flags } from '@oclif/core';
import type { Site } from '../../src/site/site.ts';

/** What the commands about devices, collections and deployments share. */
export { siteFlag } from '../key/flags.ts';

/** @throws BW-SITE-001 */
export async function loadSiteAt(folder: string): Promise<Site> {
  const { findSite, loadSite } = await import('../../src/site/load.ts');
  return loadSite(await findSite(folder));
}

/** A flag that may be given several times, or not at all. */
export const several = (description: string, helpValue: string) =>
  Flags.string({ description, helpValue, multiple: true, default: [] });

export const macFlag = several('MAC address', 'MAC');
export const guidFlag = Flags.string({ description: 'SMBIOS UUID', helpValue: 'GUID' });
export const manufacturerFlag = Flags.string({ description: 'manufacturer, as the firmware says', helpValue: 'TEXT' });
export const modelFlag = Flags.string({ description: 'model, as the firmware says', helpValue: 'TEXT' });
export const descriptionFlag = Flags.string({ description: 'remark for people', helpValue: 'TEXT' });

/** `a=b` pairs into an object; the value may hold `=`. */
export function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** How a variable is shown: values behind secrets are not known here. */
export function shownValue(value: string | { readonly $secret: string }): string {
  return typeof value === 'string' ? value : `!secret ${value.$secret}`;
}
