import { expect, it } from 'vitest';
import { removePrestagedMedium } from '../../src/steps/remove-prestaged-medium.ts';

const volumes = 'PARTUUID=aa,PARTUUID=bb';

async function run(keep: boolean, known: string, removed = ['/dev/sda2', '/dev/sda3']) {
  const asked: (readonly string[])[] = [];
  const variables = new Map([['BootwrightMediumVolumes', known]]);
  const machine = {
    releasePartitions: async (wanted: readonly string[]) => {
      asked.push(wanted);
      return { removed, rootBytes: { before: 1, after: 2 } };
    },
  };
  const context = {
    variables: {
      get: (name: string) => variables.get(name),
      set: (name: string, value: string) => variables.set(name, value),
    },
    log: () => undefined,
  };
  const result = await removePrestagedMedium.run({ keep }, machine as never, context as never);
  return { asked, left: variables.get('BootwrightMediumVolumes'), message: result.message };
}

it('removes exactly the volumes the partitioning step has named', async () => {
  const { asked, left } = await run(false, volumes);
  expect(asked).toEqual([['PARTUUID=aa', 'PARTUUID=bb']]);
  expect(left).toBe('');
});

it('does nothing where it is to stay, and where there is none', async () => {
  expect((await run(true, volumes)).asked).toEqual([]);
  expect((await run(true, volumes)).left).toBe(volumes);
  expect((await run(false, '')).asked).toEqual([]);
});

it('does not believe half of it', async () => {
  await expect(run(false, volumes, ['/dev/sda2'])).rejects.toMatchObject({ code: 'BW-DISK-006' });
});
