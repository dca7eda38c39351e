/** The site's service in a process of its own, for benchmarks: SITE. Answers a message with its size after collecting garbage. */
// Built, as it is installed: types that are stripped at start take 200 MiB.
const built = '../dist/src/server/serve.js';
const { startServer } = (await import(built)) as typeof import('../src/server/serve.ts');

const server = await startServer({
  ...{ siteFolder: process.argv[2] ?? '', address: '127.0.0.1', port: 0, names: ['localhost'] },
  ...{ onNotice: ({ type, text }) => type === 'failure' && console.error(text), onCatalogue: () => {} },
});
process.send?.({ port: server.port });
process.on('message', () => {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  process.send?.({ ...process.memoryUsage(), processor: process.cpuUsage() });
});
process.once('disconnect', () => process.exit());
