import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SiteContent } from '../../src/server/content.ts';
import { PolicyKeeper } from '../../src/server/policy/keeper.ts';
import type { Catalogue } from '../../src/server/policy/served.ts';
import { openState, type State, stateFile } from '../../src/server/state/state.ts';
import { setSecret } from '../../src/trust/secret-store.ts';
import { siteFiles, withKeyedSite } from './serving.ts';

async function withKeeper(use: (keeper: PolicyKeeper, folder: string, state: State) => Promise<void>): Promise<void> {
  await withKeyedSite(async (folder) => {
    const state = await openState(stateFile(folder));
    try {
      const keeper = await PolicyKeeper.start({ siteFolder: folder, state, content: new SiteContent() });
      await use(keeper, folder, state);
    } finally {
      await state.destroy();
    }
  });
}

const change = async (keeper: PolicyKeeper, folder: string, file: string, text: string): Promise<Catalogue> => {
  await writeFile(join(folder, file), text);
  await keeper.reload();
  return keeper.current;
};

describe('the compiled policies', () => {
  it('are the same value and serial until the site changes, also over a restart', async () => {
    await withKeeper(async (keeper, folder, state) => {
      const first = keeper.current;
      await keeper.reload();
      expect(keeper.current.serial).toBe(first.serial);
      const restarted = await PolicyKeeper.start({ siteFolder: folder, state, content: new SiteContent() });
      expect(restarted.current.serial).toBe(first.serial);
      expect(restarted.current.sequences.get('debian')).toEqual(first.sequences.get('debian'));
      const text = siteFiles['sequences/open.yaml'].replace('./run.sh', './run.sh again');
      expect((await change(keeper, folder, 'sequences/open.yaml', text)).serial).toBe(first.serial + 1);
      await setSecret(folder, 'admin', 'another value', { replace: true });
      await keeper.reload();
      expect(keeper.current.serial).toBe(first.serial + 2);
      expect(keeper.current.sequences.get('debian')?.policy.secrets).toEqual({ admin: 'another value' });
    });
  });

  it.each([
    ['sequences/open.yaml', 'name: [nonsense'],
    ['sequences/open.yaml', 'name: X\nsteps: [{ step: no-such-step, name: Y }]\n'],
    ['sequences/open.yaml', 'name: X\nsteps: [{ step: run-command-line, command: x, package: gone }]\n'],
    ['site.yaml', 'nam: Lab\n'],
    ['site.yaml', ''],
  ])('stay the last good ones when %s becomes %j, and say so', async (file, nonsense) => {
    await withKeeper(async (keeper, folder) => {
      const good = keeper.current;
      const broken = await change(keeper, folder, file, nonsense);
      expect(broken.problems.join()).toContain(file.replace('.yaml', ''));
      expect(broken.sequences.get('open')).toBe(good.sequences.get('open'));
      expect(broken.serial).toBe(good.serial);
      const mended = await change(keeper, folder, file, siteFiles[file as keyof typeof siteFiles]);
      expect(mended.problems).toEqual([]);
      expect(mended.serial).toBe(good.serial);
    });
  });

  it('go when their sequence goes', async () => {
    await withKeeper(async (keeper, folder) => {
      await rm(join(folder, 'sequences', 'open.yaml'));
      await keeper.reload();
      expect([...keeper.current.sequences.keys()]).toEqual(['debian']);
    });
  });

  it('follow the files while they are watched', async () => {
    await withKeyedSite(async (folder) => {
      const state = await openState(stateFile(folder));
      const stop = new AbortController();
      const changed = Promise.withResolvers<Catalogue>();
      const keeper = await PolicyKeeper.start({
        ...{ siteFolder: folder, state, content: new SiteContent() },
        onChange: changed.resolve,
      });
      keeper.watch(stop.signal);
      try {
        await writeFile(join(folder, 'sequences', 'third.yaml'), siteFiles['sequences/open.yaml']);
        expect([...(await changed.promise).sequences.keys()]).toEqual(['debian', 'open', 'third']);
      } finally {
        stop.abort();
        await keeper.reload();
        await state.destroy();
      }
    });
  });
});
