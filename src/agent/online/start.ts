import { exists } from '../../host/files.ts';
import { HttpsClient } from '../../host/https-client.ts';
import type { MediumPrestart } from '../../model/bootable.ts';
import { BootwrightError } from '../../model/error.ts';
import type { AgentContext } from '../context.ts';
import { keyStick } from '../key-stick.ts';
import { openKeyboard } from '../keyboard.ts';
import { type Medium, openBrought, openMedium } from '../medium.ts';
import { askPassword } from '../password.ts';
import { runPrestartOf } from '../prestart.ts';
import { startVerification, type Verification } from '../verification.ts';
import { type OnlineSettings, ownBootImage, readSettings, signingKeys } from './settings.ts';

/** Whom to ask, and the medium it was read from as far as that is being checked. */
export interface OnlineStart {
  readonly settings: OnlineSettings;
  /** Runs what the medium brings for that. */
  readonly prepare: () => Promise<void>;
  readonly verification: Verification;
  /** A prestaged medium: content that need not be fetched. */
  readonly prestaged?: Medium;
}

/** From the bootable medium, or from what was put into the initramfs by hand. @throws as `openMedium`, BW-AGENT-036 */
export async function startOnline(context: AgentContext): Promise<OnlineStart> {
  const { paths } = context;
  if (await exists(paths.server))
    return { settings: await readSettings(paths), prepare: async () => undefined, verification: nothingToVerify };
  const medium = await openMedium(paths);
  context.terminal.setBanner({ organisation: 'Bootwright', label: medium.facts.label });
  const verification = startVerification(context, medium);
  const brought = await openSettings(context, medium, verification);
  const { siteName, servers, authority, unknownComputers, variables, unattended, allowShell } = brought;
  const { prestart, validFrom, validTo } = brought;
  for (const { value, hidden } of variables) if (hidden === true && typeof value === 'string') context.mask.add(value);
  try {
    new HttpsClient(authority).close();
    const settings: OnlineSettings = {
      ...{ siteName, servers, authority, unknownComputers, variables, unattended, allowShell },
      keys: await signingKeys(paths.etc),
      ...{ medium: medium.facts, bootImage: await ownBootImage(paths.etc, medium.facts), network: {} },
      range: { ...(validFrom === undefined ? {} : { validFrom }), ...(validTo === undefined ? {} : { validTo }) },
    };
    const prestaged = medium.facts.kind === 'prestaged' ? { prestaged: medium } : {};
    return {
      settings,
      verification,
      ...prestaged,
      prepare: () => prepareBy(context, medium, verification, prestart),
    };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new BootwrightError('BW-AGENT-036', `What names the server cannot be used: ${why}`, { cause });
  }
}

/** Files of the medium run with all rights: they are compared with its signed list first. */
async function prepareBy(
  context: AgentContext,
  medium: Medium,
  verification: Verification,
  prestart: MediumPrestart | undefined,
): Promise<void> {
  if (prestart?.folder !== undefined) await verification.finish();
  await runPrestartOf(context, medium.folder, prestart);
}

/** The medium's password is asked before anything else, even when nobody is to be asked anything. */
async function openSettings(
  context: AgentContext,
  medium: Medium,
  verification: Verification,
): Promise<Awaited<ReturnType<typeof openBrought<'bootwright-bootable/1'>>>> {
  const open = (password?: string) => openBrought(medium, 'bootwright-bootable/1', password);
  if (!medium.facts.passwordRequired) return open();
  const opened = await askPassword(context, {
    keyboard: await openKeyboard(context.paths.keymaps, medium.facts.keyboard),
    signal: verification.refused,
    open,
    ...(medium.facts.kind === 'prestaged' ? { stick: keyStick(context, medium.facts.id, open) } : {}),
  });
  return opened ?? (await verification.fail());
}

/** Online, every file is checked against its hash before it is used. */
const nothingToVerify: Verification = {
  refused: new AbortController().signal,
  finish: async () => undefined,
  fail: async () => {
    throw new Error('a question without a signal was given up');
  },
};
