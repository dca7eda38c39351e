import type { Command } from '@oclif/core';

/**
 * The command line's table of contents: id → module. Only the module of the command that was typed is loaded; help and
 * completion load none, they read the manifest that `npm run build` makes.
 */
export const commandModules: Readonly<Record<string, () => Promise<{ readonly default: typeof Command }>>> = {
  'boot-image:build': () => import('./boot-image/build.ts'),
  'boot-image:hardware': () => import('./boot-image/hardware.ts'),
  'boot-image:list': () => import('./boot-image/list.ts'),
  check: () => import('./check.ts'),
  doctor: () => import('./doctor.ts'),
  errors: () => import('./errors.ts'),
  init: () => import('./init.ts'),
  'key:backup': () => import('./key/backup.ts'),
  'key:init': () => import('./key/init.ts'),
  'key:revoke': () => import('./key/revoke.ts'),
  'key:rotate': () => import('./key/rotate.ts'),
  'key:show': () => import('./key/show.ts'),
  'media:create:standalone': () => import('./media/create/standalone.ts'),
  'media:inspect': () => import('./media/inspect.ts'),
  'media:prove': () => import('./media/prove.ts'),
  'media:verify': () => import('./media/verify.ts'),
  'secret:list': () => import('./secret/list.ts'),
  'secret:remove': () => import('./secret/remove.ts'),
  'secret:rotate': () => import('./secret/rotate.ts'),
  'secret:set': () => import('./secret/set.ts'),
};
