/** A server in a process of its own, which a test may kill: SITE PORT. Prints its port once it listens, and what fails. */
import { startServer } from '../../src/server/serve.ts';

const [siteFolder = '', port = '0'] = process.argv.slice(2);
const server = await startServer({
  ...{ siteFolder, address: '127.0.0.1', port: Number(port), names: ['localhost', '127.0.0.1'] },
  ...{ onNotice: ({ type, text }) => type === 'failure' && process.stdout.write(`${text}\n`), onCatalogue: () => {} },
});
process.stdout.write(`port ${server.port}\n`);
