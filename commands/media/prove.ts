import { Args, Flags } from '@oclif/core';
import { promptSecret, readPasswordFile } from '../../src/host/prompt.ts';
import { canAsk } from '../../src/host/terminal.ts';
import { formatDuration } from '../../src/model/quantity.ts';
import { diskKinds, type Profile, profiles } from '../../src/prove/machine.ts';
import { formOf, readMediumFacts } from '../../src/prove/medium-files.ts';
import { type ProofOutcome, proveMedium } from '../../src/prove/prove-medium.ts';
import { expectations } from '../../src/prove/script.ts';
import type { StartService } from '../../src/prove/service.ts';
import { siteSigner } from '../../src/prove/signer.ts';
import type { Passphrase } from '../../src/trust/keys.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag } from '../key/flags.ts';

export default class MediaProve extends BaseCommand {
  static override summary = 'Boot a finished medium in a virtual machine and record that it does its work.';
  static override description =
    'Starts the medium on an empty disk, types the password, approves a machine that asks the service of the site, follows the task sequence through the restart, then looks at the disk from outside. Writes FILE.proof.json and a screenshot per profile beside the medium, whatever the result. With a site, the proof is signed with its signing key.';
  static override aliases = ['media:test'];
  static override examples = [
    '<%= config.bin %> media prove lab.iso --password-file password.txt',
    '<%= config.bin %> media prove lab.iso --profile usb-bios --profile cd-uefi --disk nvme --expect agent',
    '<%= config.bin %> media prove lab.iso --expect deployed --show',
  ];
  static override args = { file: Args.string({ description: 'the ISO or USB image to prove', required: true }) };
  static override flags = {
    profile: Flags.option({
      description:
        'how the medium is inserted and what firmware the machine has; may be repeated. Default: Secure Boot, an ISO as a disc, a USB image as a stick',
      options: profiles,
      multiple: true,
    })(),
    disk: Flags.option({ description: 'the target disk', options: diskKinds, default: 'virtio' as const })(),
    expect: Flags.option({
      description: 'how far it has to get: until the agent knows what to do, or until the task sequence has ended',
      options: expectations,
      default: 'deployed' as const,
    })(),
    'password-file': Flags.string({
      description: 'file with the password of the medium (- is standard input)',
      helpValue: 'FILE',
    }),
    'second-disk': Flags.boolean({ description: 'add a disk with a foreign system that must stay untouched' }),
    tpm: Flags.boolean({ description: 'give the machine a TPM 2.0' }),
    memory: Flags.integer({ description: 'memory in MiB', min: 512, default: 2048, helpValue: 'MIB' }),
    timeout: Flags.integer({ description: 'seconds for each profile', min: 60, default: 3600, helpValue: 'SECONDS' }),
    show: Flags.boolean({ description: "open the machine's window" }),
    keep: Flags.boolean({ description: "keep the machine's folder also when all went well" }),
    site: Flags.string({
      description: 'site whose key signs the proof; the current folder if it is one',
      helpValue: 'DIR',
    }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<{ proofs: ProofOutcome[] }> {
    const { args, flags } = await this.parse(MediaProve);
    const passphrase = await existingPassphrase(flags['passphrase-file']);
    const signer = await siteSigner(flags.site, passphrase);
    const service = await this.service(flags.site, passphrase);
    const password = await this.password(args.file, flags['password-file']);
    const proofs: ProofOutcome[] = [];
    for (const profile of new Set(flags.profile ?? [await usualProfile(args.file)])) {
      const request = {
        ...{ iso: args.file, profile, disk: flags.disk, expect: flags.expect, tpm: flags.tpm, show: flags.show },
        ...{
          secondDisk: flags['second-disk'],
          keep: flags.keep,
          memoryMiB: flags.memory,
          timeoutSeconds: flags.timeout,
        },
        ...(password === undefined ? {} : { password }),
        ...(signer === undefined ? {} : { signer }),
        ...(service === undefined ? {} : { service }),
      };
      const outcome = await proveMedium(request, this.progress, this.signal);
      this.progress.note(`${profile}: passed in ${formatDuration(outcome.run.seconds)}`);
      proofs.push(outcome);
    }
    this.table(
      ['Profile', 'Disk', 'Checked', 'Found'],
      proofs.flatMap(({ run }) => run.checks.map(({ name, found }) => [run.profile, run.disk, name, found])),
    );
    const [last] = proofs.slice(-1);
    this.log(`\nProof: ${last?.proofFile}${last?.signed === true ? '' : ' (not signed: no site)'}`);
    this.log(`Screenshots: ${proofs.map(({ screenshot }) => screenshot).join(', ')}`);
    for (const { folder } of proofs)
      if (folder !== undefined) this.log(`Machine kept: ${folder}/start.sh starts it again.`);
    this.log(`Next: bootwright media write ${args.file} (or burn it); the proof is about this file, byte for byte.`);
    return { proofs };
  }

  /** Of the site, for a medium that asks a server; nothing where there is no site. */
  private async service(site: string | undefined, passphrase: Passphrase): Promise<StartService | undefined> {
    const { findSite } = await import('../../src/site/load.ts');
    const { startBenchServer } = await import('../../src/server/bench.ts');
    const siteFolder = await findSite(site ?? '.').catch((error: unknown) => {
      if (site === undefined) return undefined;
      throw error;
    });
    if (siteFolder === undefined) return undefined;
    return (names, folder) => startBenchServer({ siteFolder, names, folder, passphrase });
  }

  /** Asked for only when the medium wants one. */
  private async password(iso: string, file: string | undefined): Promise<string | undefined> {
    if (file !== undefined) return await readPasswordFile(file);
    const { passwordRequired } = await readMediumFacts(iso);
    return passwordRequired && canAsk() ? await promptSecret('Password of the medium:') : undefined;
  }
}

async function usualProfile(file: string): Promise<Profile> {
  return ({ usb: 'usb-uefi-secureboot', iso: 'cd-uefi-secureboot', wim: 'disk-uefi-secureboot' } as const)[
    await formOf(file)
  ];
}
