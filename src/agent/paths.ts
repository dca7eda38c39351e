import { join } from 'node:path';

/** Where things lie while the agent runs (docs/architecture.md). */
export interface AgentPaths {
  /** The medium, mounted read-only. */
  readonly medium: string;
  /** Where the content partition of a stick is mounted, when the medium has one. */
  readonly store: string;
  /** Where further discs of the medium are mounted, by number. */
  readonly volumes: string;
  /** Devices the medium lies on, one per line: whole disk and partition. */
  readonly source: string;
  /** What the medium's small archive brought into the initramfs: medium.json and keys. */
  readonly etc: string;
  /** Names the servers of a machine that is to ask one; there is none on stand-alone media. */
  readonly server: string;
  /** Logs: in memory in the boot environment, beside the state in the deployed system. */
  readonly logs: string;
  readonly keymaps: string;
  readonly firmwareTables: string;
  readonly kernelCommandLine: string;
  /** Command line the boot image was built with. */
  readonly prestart: string;
  /** Where that command may leave variables. */
  readonly variables: string;
  readonly tpm: string;
  /** Where encrypted content of the medium is shown decrypted. */
  readonly contentView: string;
  /** Named pipe on which init waits for the first sign of life. */
  readonly started: string;
  /** Made by init when the screen has its font and keyboard. */
  readonly screenReady: string;
  /** Appears when drivers for everything that was there at the start have been loaded. */
  readonly settled: string;
  /** This program (a folder) and its Node, as they are copied into the deployed system. */
  readonly program: string;
  readonly node: string;
  /** Root of the running system; the deployed system's state lies below it. */
  readonly root: string;
}

/** Places below another root: tests run the whole agent against a folder. */
export function agentPaths(environment: 'boot' | 'deployed', root = '/'): AgentPaths {
  const logs = environment === 'boot' ? 'run/bootwright/logs' : `${stateFolder}/Logs/Smstslog`;
  const programs =
    environment === 'boot'
      ? { node: 'usr/bin/node', program: 'usr/lib/bootwright/agent' }
      : { node: `${stateFolder}/agent/node`, program: `${stateFolder}/agent/program` };
  return {
    medium: join(root, 'run/bootwright/medium'),
    store: join(root, 'run/bootwright/store'),
    volumes: join(root, 'run/bootwright/volumes'),
    source: join(root, 'run/bootwright/source'),
    etc: join(root, 'run/bootwright/etc'),
    server: join(root, 'run/bootwright/etc/server.json'),
    logs: join(root, logs),
    keymaps: join(root, 'usr/share/bootwright/keymaps'),
    firmwareTables: join(root, 'sys/firmware/dmi/tables/DMI'),
    prestart: join(root, 'etc/bootwright/prestart'),
    variables: join(root, 'run/bootwright/variables'),
    kernelCommandLine: join(root, 'proc/cmdline'),
    tpm: join(root, 'dev/tpmrm0'),
    contentView: join(root, 'run/bootwright/content'),
    started: join(root, 'run/bootwright/started'),
    screenReady: join(root, 'run/bootwright/screen-ready'),
    settled: join(root, 'run/bootwright/settled'),
    node: join(root, programs.node),
    program: join(root, programs.program),
    root,
  };
}

/** On the operating system volume. */
export const stateFolder = '_SMSTaskSequence';
export const stateFile = `${stateFolder}/state.json`;
/** What remains after the run. */
export const recordFolder = 'var/log/bootwright';

/** First 16 digits of the medium's id, as marker files carry them: GRUB compares names, and FAT likes short ones. */
export function shortId(mediumId: string): string {
  return mediumId.slice(0, 16);
}

/** Files of a log folder; the second of each pair is what was put aside when a log grew too long or a run went on. */
export const logNames = ['smsts.log', 'smsts.lo_', 'events.jsonl', 'events-earlier.jsonl'] as const;
