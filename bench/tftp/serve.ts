/** `node bench/tftp/serve.ts SERVICE_MODULE ADDRESS FOLDER`: serves a folder until it is ended; prints a line when it is ready. */
const [module = '', address = '', root = ''] = process.argv.slice(2);
const { startTftpService } = (await import(module)) as typeof import('../../src/netboot/tftp/service.ts');
const service = await startTftpService({
  listen: [{ address }],
  root,
  // All clients of a benchmark have one address.
  limits: { requestsPerSecondAndClient: 20_000 },
});
process.once('SIGTERM', () => void service.stop());
console.log('ready');
