import { Flags } from '@oclif/core';
import { groupedFingerprint } from '../src/trust/public-key.ts';
import { BaseCommand } from './base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag, siteFolder } from './key/flags.ts';

export default class Serve extends BaseCommand {
  static override summary = 'Serve the site: policies, content and reports over HTTPS.';
  static override description =
    'Runs until Ctrl-C. Prints every machine that asks, with the code to approve it by. The site may be edited meanwhile: what is broken is named, and the last good state goes on being served.';
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve --listen 192.0.2.10:8443 --name deploy.example.org',
    '<%= config.bin %> serve --certificate server.pem --certificate-key server.key',
  ];
  static override flags = {
    site: siteFlag,
    listen: Flags.string({ description: 'where to listen', helpValue: 'ADDRESS:PORT', default: '0.0.0.0:8443' }),
    name: Flags.string({
      description: 'name or address machines use for this server; all of this machine without it',
      helpValue: 'HOST',
      multiple: true,
    }),
    certificate: Flags.string({
      description: 'own certificate with its chain, PEM',
      helpValue: 'FILE',
      dependsOn: ['certificate-key'],
    }),
    'certificate-key': Flags.string({ description: 'its key, PEM', helpValue: 'FILE', dependsOn: ['certificate'] }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<undefined> {
    const { flags } = await this.parse(Serve);
    const { signal } = this;
    const { readListenAddress } = await import('../src/server/listen-address.ts');
    const { startServer } = await import('../src/server/serve.ts');
    const { certificate, 'certificate-key': key } = flags;
    const server = await startServer({
      siteFolder: await siteFolder(flags.site),
      ...readListenAddress(flags.listen),
      names: flags.name ?? [],
      ...(certificate === undefined || key === undefined
        ? {}
        : { own: { certificateFile: certificate, keyFile: key } }),
      passphrase: await existingPassphrase(flags['passphrase-file']),
      onNotice: (notice) => {
        const next = notice.code === undefined ? '' : ` Approve: bootwright device approve ${notice.code}`;
        this.#line(notice, `${notice.text}${next}`);
      },
      onCatalogue: ({ serial, problems }, before) => {
        const effect = serial === before.serial ? 'the same is served' : `policy serial ${serial}`;
        this.#line(
          { type: 'site.changed', serial, problems },
          `The site was changed, ${effect}. Problems: ${problems.length}`,
        );
        if (!this.jsonEnabled()) for (const problem of problems) this.log(`  ${problem}`);
      },
    });
    const { status } = server;
    this.#line({ type: 'serving', ...status }, `Serving on https://${status.address}:${server.port}`);
    if (!this.jsonEnabled()) {
      this.log(`  Sequences: ${status.sequences.join(', ') || 'none'}; policy serial ${status.serial}`);
      this.log(`  Signing key: ${groupedFingerprint(status.signingKey)}`);
      this.log(`  Certificate authority: ${groupedFingerprint(status.certificate)}`);
      for (const problem of status.problems) this.log(`  ${problem}`);
    }
    await server.finish(signal);
    this.#line({ type: 'ended' }, 'Ended.');
    return undefined;
  }

  /** One JSON object per line with `--json`: the result of this command never comes, it is a stream. */
  #line(value: object, text: string): void {
    if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify(value)}\n`);
    else this.log(text);
  }

  /** Everything was said already. */
  protected override logJson(value: unknown): void {
    if (value !== undefined && value !== null) super.logJson(value);
  }
}
