import { Flags } from '@oclif/core';
import { BootwrightError } from '../../src/model/error.ts';

export const siteFlag = Flags.string({
  description: 'the site, or a folder in it (default: the one we are in; outside of any, the user’s cache)',
  helpValue: 'DIR',
});

/** The site that was named, or the one the current folder lies in, or none. @throws BW-SITE-001 named, but not one */
export async function siteOrNone(named: string | undefined): Promise<string | undefined> {
  const { findSite } = await import('../../src/site/load.ts');
  if (named !== undefined) return findSite(named);
  return findSite('.').catch((error: unknown) => {
    if (error instanceof BootwrightError && error.code === 'BW-SITE-001') return undefined;
    throw error;
  });
}

/** Where the boot image of that name lies or will lie. */
export async function bootImageFolder(name: string, named: string | undefined): Promise<string> {
  const { defaultBootImageFolder } = await import('../../src/boot/read.ts');
  const site = await siteOrNone(named);
  return site === undefined ? defaultBootImageFolder(name) : `${site}/boot-images/${name}`;
}
