import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentContext, AgentMachine } from '../../../src/agent/context.ts';
import { deployFromServer } from '../../../src/agent/online/boot.ts';
import type { OwnBootImage } from '../../../src/agent/online/boot-image.ts';
import type { Doors } from '../../../src/agent/online/connect.ts';
import type { Page } from '../../../src/agent/page.ts';
import { agentPaths } from '../../../src/agent/paths.ts';
import { refuse } from '../../../src/agent/refusal.ts';
import type { TpmTransport } from '../../../src/host/tpm.ts';
import type { BootableSettings } from '../../../src/model/bootable.ts';
import type { BootwrightEvent } from '../../../src/model/event.ts';
import type { Disk, MachineFacts } from '../../../src/model/machine.ts';
import type { NetworkSettings } from '../../../src/model/network.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { NetworkAdapter } from '../../../src/model/protocol.ts';
import { formatPublicKey } from '../../../src/trust/public-key.ts';
import { facts as mediumFacts, policyOf, type SigningKey } from '../medium-tree.ts';
import { type Act, scripted } from '../scripted.ts';
import { bootableTree } from './bootable-tree.ts';

export const disk: Disk = {
  ...{ path: '/dev/sda', index: 0, serial: 'D1', model: 'Disk', bus: 'sata', sizeBytes: 20e9, sectorSize: 512 },
  ...{ removable: false, contents: 'nothing' },
};

/** As a real server wants them. */
export const wholeFacts: MachineFacts = {
  ...{ firmware: 'uefi', secureBoot: true, architecture: 'x64', make: 'ACME', model: 'Box', serialNumber: 'S1' },
  ...{ assetTag: '', uuid: '11111111-2222-3333-4444-555555555555', memoryBytes: 2 ** 32, tpm: true },
  macAddresses: ['52:54:00:00:00:01'],
};

/** What a page is answered with, by its id; a page without an answer waits. */
export type Answers = Readonly<Record<string, readonly Act[]>>;

export interface OnlineRun {
  readonly pages: readonly Page[];
  readonly events: readonly BootwrightEvent[];
  readonly changes: readonly string[];
  readonly clockSetTo: readonly Date[];
  /** What the network was set to, try by try. */
  readonly applied: readonly NetworkSettings[];
  readonly root: string;
  readonly refusedWith: string | undefined;
}

export interface OnlineRunOptions {
  readonly servers: readonly string[];
  readonly authority: string;
  readonly keys: readonly SigningKey[];
  readonly answers?: Answers;
  readonly machine?: Partial<AgentMachine>;
  readonly onPage?: (page: Page) => void;
  readonly onEvent?: (event: BootwrightEvent) => void;
  readonly clockOff?: number;
  /** A bootable medium with this on it, instead of files in the initramfs. */
  readonly medium?: BootableSettings;
  /** Of that medium. */
  readonly password?: string;
  /** Changes its folder once it is made. */
  readonly tamper?: (folder: string) => Promise<void>;
  readonly tpm?: TpmTransport;
  readonly startKernel?: Doors['startKernel'];
  readonly adapters?: readonly NetworkAdapter[];
  /** What the boot image's prestart command leaves behind; a medium's leaves itself. */
  readonly prestart?: string;
  readonly unattended?: boolean;
  /** More of `server.json`. */
  readonly server?: object;
  /** What the agent was started from, where that is not the medium's own. */
  readonly bootImage?: OwnBootImage;
}

export function onlinePolicy(key: SigningKey, more: Partial<Policy> = {}): Policy {
  return { ...policyOf([], key), mediaKind: 'bootable', unattended: true, ...more };
}

/** The agent from server.json to the restart, with a person who answers pages; one second of waiting takes 5 ms. */
export async function runOnline(options: OnlineRunOptions): Promise<OnlineRun> {
  const root = await mkdtemp(join(tmpdir(), 'online-'));
  const paths = agentPaths('boot', root);
  await mkdir(`${paths.etc}/keys`, { recursive: true });
  if (options.medium !== undefined) {
    const [key] = options.keys;
    if (key === undefined) throw new Error('a medium is signed');
    await bootableTree(paths, key, options.medium, options.password);
    await options.tamper?.(paths.medium);
  } else {
    await writeFile(paths.server, JSON.stringify({ servers: options.servers, siteName: 'Lab', ...options.server }));
    await writeFile(`${paths.etc}/ca.pem`, options.authority);
    const unattended = options.unattended ?? false;
    await writeFile(`${paths.etc}/medium.json`, JSON.stringify({ ...mediumFacts, kind: 'bootable', unattended }));
    for (const [index, key] of options.keys.entries())
      await writeFile(`${paths.etc}/keys/${index}.pub`, formatPublicKey(key.publicKey));
  }
  if (options.bootImage !== undefined)
    await writeFile(`${paths.etc}/boot-image.json`, JSON.stringify(options.bootImage));
  const { prestart } = options;
  if (prestart !== undefined) {
    await mkdir(`${root}/etc/bootwright`, { recursive: true });
    await writeFile(paths.prestart, 'prepare');
  }
  await writeFile(paths.settled, '');
  await mkdir(paths.logs, { recursive: true });
  await writeFile(`${paths.logs}/smsts.log`, 'the log');

  const changes: string[] = [];
  const reading: Partial<AgentMachine> = {
    kind: 'linux',
    environment: 'boot',
    facts: async () =>
      ({
        ...{ firmware: 'bios', make: 'Make', model: 'Model', serialNumber: 'SN', uuid: 'U', memoryBytes: 1 << 30 },
        macAddresses: [],
      }) as unknown as MachineFacts,
    disks: async () => [disk],
    partitionTable: async () => ({ style: 'none', partitions: [] }),
    close: async () => undefined,
    ...(prestart === undefined
      ? {}
      : {
          command: async ({ command }) => {
            await appendFile(paths.variables, command === 'prepare' ? prestart : `${command}\n`);
            return { code: 0, output: '', timedOut: false };
          },
        }),
    ...options.machine,
  };
  const machine = new Proxy(reading, {
    get(target, name) {
      if (name in target) return target[name as keyof typeof target];
      return async () => {
        changes.push(String(name));
        throw new Error(`${String(name)} fails here`);
      };
    },
  }) as AgentMachine;

  const events: BootwrightEvent[] = [];
  const listeners: ((event: BootwrightEvent) => void)[] = [];
  const clockSetTo: Date[] = [];
  let off = options.clockOff ?? 0;
  const left = new Map(Object.entries(options.answers ?? {}).map(([id, acts]) => [id, keysOf(acts)]));
  const base = scripted([]);
  const pages: Page[] = [];
  const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const context: AgentContext = {
    ...base.context,
    ...{ machine, paths },
    terminal: {
      ...base.context.terminal,
      show(page) {
        pages.push(page);
        options.onPage?.(page);
      },
      async press({ signal } = {}) {
        const key = left.get(pages.at(-1)?.id ?? '')?.shift();
        if (key !== undefined) return { ...key, console: 'tty1' };
        await pause(5);
        return signal?.aborted === true ? undefined : undefined;
      },
    },
    clock: {
      now: () => new Date(Date.now() + off),
      async sleep(milliseconds, signal) {
        await pause(Math.min(milliseconds, milliseconds / 200 + 1));
        signal?.throwIfAborted();
      },
    },
    emit(body) {
      const event = { at: new Date().toISOString(), uptime: 1, ...base.context.mask.event(body) } as BootwrightEvent;
      events.push(event);
      options.onEvent?.(event);
      for (const listener of listeners) listener(event);
    },
    record: { listen: (listener) => void listeners.push(listener), flush: async () => undefined },
  };
  const applied: NetworkSettings[] = [];
  const doors: Doors = {
    network: { adapters: async () => options.adapters ?? [], apply: async (settings) => void applied.push(settings) },
    startKernel: async (next) => void (await options.startKernel?.(next)),
    lendTpm: async (use) => (options.tpm === undefined ? undefined : use(options.tpm)),
    async setClock(date: Date) {
      clockSetTo.push(date);
      off = date.getTime() - Date.now();
    },
  };
  await Promise.race([deployFromServer(context, doors).catch((error) => refuse(context, error)), base.restarted]);
  const refused = events.find((event) => event.type === 'agent.refused');
  return { pages, events, changes, clockSetTo, applied, root, refusedWith: refused?.code };
}

export async function forget(run: OnlineRun): Promise<void> {
  await rm(run.root, { recursive: true });
}

function keysOf(acts: readonly Act[]): Exclude<Act, string | { readonly kind: 'wait' }>[] {
  return acts.flatMap((act) =>
    typeof act === 'string'
      ? [...act].map((text) => ({ kind: 'text' as const, text }))
      : act.kind === 'wait'
        ? []
        : [act],
  );
}
