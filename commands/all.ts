import { commandModules } from './index.ts';

/** Every command's class, loaded at once: what oclif reads to make the manifest. */
export const COMMANDS = Object.fromEntries(
  await Promise.all(Object.entries(commandModules).map(async ([id, load]) => [id, (await load()).default] as const)),
);
