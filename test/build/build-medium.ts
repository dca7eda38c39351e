/** A build as a process of its own, to be killed: `node build-medium.ts ROOT OUTPUT`. Says what it does on its way. */
import { type mediumSite, request } from './medium-site.ts';

const [, , root = '', output = ''] = process.argv;
process.env['XDG_CONFIG_HOME'] = `${root}/config`;
process.env['XDG_CACHE_HOME'] = `${root}/cache`;
const { prepareMedium } = await import('../../src/build/order/prepare.ts');
const { writeMedium } = await import('../../src/build/create.ts');
type Site = Awaited<ReturnType<typeof mediumSite>>;
const site = { folder: `${root}/site`, root } as Site;
const progress = {
  phase: (name: string) => console.log(name),
  advance() {},
  note: (text: string) => console.log(text),
};
await writeMedium(await prepareMedium(request(site, { output }), progress), { progress });
