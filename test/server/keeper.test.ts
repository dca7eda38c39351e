import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SiteContent } from '../../src/server/content.ts';
import { PolicyKeeper } from '../../src/server/policy/keeper.ts';
import { serialFile, wasRestored } from '../../src/server/policy/serial.ts';
import type { Catalogue } from '../../src/server/policy/served.ts';
import { contentLists } from '../../src/server/state/content-lists.ts';
import { openState, type State, stateFile } from '../../src/server/state/state.ts';
import { setSecret } from '../../src/trust/secret-store.ts';
import { siteFiles, withKeyedSite } from './serving.ts';

function contentOf(folder: string, state: State): SiteContent {
  return new SiteContent({ library: () => join(folder, '.bootwright', 'content'), lists: contentLists(state) });
}

async function withKeeper(use: (keeper: PolicyKeeper, folder: string, state: State) => Promise<void>): Promise<void> {
  await withKeyedSite(async (folder) => {
    const state = await openState(stateFile(folder));
    try {
      const keeper = await PolicyKeeper.start({ siteFolder: folder, state, content: contentOf(folder, state) });
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
  it('are the same value and serial until the site changes; the serial only grows, also over a restart', async () => {
    await withKeeper(async (keeper, folder, state) => {
      const first = keeper.current;
      await keeper.reload();
      expect(keeper.current.serial).toBe(first.serial);
      const restarted = await PolicyKeeper.start({ siteFolder: folder, state, content: contentOf(folder, state) });
      expect(restarted.current.serial).toBeGreaterThan(first.serial);
      expect(restarted.current.sequences.get('debian')).toEqual(first.sequences.get('debian'));
      const text = siteFiles['sequences/open.yaml'].replace('./run.sh', './run.sh again');
      const changed = (await change(keeper, folder, 'sequences/open.yaml', text)).serial;
      expect(changed).toBeGreaterThan(restarted.current.serial);
      await setSecret(folder, 'admin', 'another value', { replace: true });
      await keeper.reload();
      expect(keeper.current.serial).toBeGreaterThan(changed);
      expect(keeper.current.sequences.get('debian')?.policy.secrets).toEqual({ admin: 'another value' });
    });
  });

  it.each([
    ['sequences/open.yaml', 'name: [nonsense'],
    ['sequences/open.yaml', 'name: X\nsteps: [{ step: no-such-step, name: Y }]\n'],
    ['sequences/open.yaml', 'name: X\nsteps: [{ step: run-command-line, command: x, package: gone }]\n'],
    ['site.yaml', 'nam: Lab\n'],
    ['site.yaml', ''],
    ['revoked-media.yaml', 'media: [{ id: nonsense }]'],
  ])('stay the last good ones when %s becomes %j, and say so', async (file, nonsense) => {
    await withKeeper(async (keeper, folder) => {
      const good = keeper.current;
      const broken = await change(keeper, folder, file, nonsense);
      expect(broken.problems.join()).toContain(file.replace('.yaml', ''));
      expect(broken.sequences.get('open')).toBe(good.sequences.get('open'));
      expect(broken.serial).toBe(good.serial);
      const mended = await change(keeper, folder, file, siteFiles[file as keyof typeof siteFiles] ?? '');
      expect(mended.problems).toEqual([]);
      expect(mended.serial).toBe(good.serial);
    });
  });

  it('never get a lower serial: not when the clock goes back, nor from an older state database', async () => {
    await withKeyedSite(async (folder) => {
      const file = stateFile(folder);
      const start = async (now: Date): Promise<{ serial: number; restored: boolean }> => {
        const state = await openState(file);
        const restored = await wasRestored(state, folder);
        const options = { siteFolder: folder, state, content: contentOf(folder, state), now: () => now };
        const { serial } = (await PolicyKeeper.start(options)).current;
        await state.destroy();
        return { serial, restored };
      };
      const noon = new Date('2027-01-02T12:00:00Z');
      const dayBefore = new Date('2027-01-01T12:00:00Z');
      const first = await start(noon);
      expect(first).toEqual({ serial: noon.getTime() / 1000, restored: false });
      await copyFile(file, `${file}.backup`);
      const second = await start(dayBefore);
      expect(second).toEqual({ serial: first.serial + 1, restored: false });
      await copyFile(`${file}.backup`, file);
      expect(await start(dayBefore)).toEqual({ serial: second.serial + 1, restored: true });
      expect((await start(dayBefore)).restored).toBe(false);
      // Another machine, and nothing but the backup: the clock alone has to do.
      await copyFile(`${file}.backup`, file);
      await rm(serialFile(folder));
      expect((await start(new Date('2027-01-02T12:10:00Z'))).serial).toBe(first.serial + 600);
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
        ...{ siteFolder: folder, state, content: contentOf(folder, state) },
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
