import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { BenchMachine } from '../../src/prove/bench.ts';
import type { Prompt, Verdict } from '../../src/prove/follow.ts';
import type { Guest } from '../../src/prove/guest.ts';
import type { ReportedEvent } from '../../src/prove/guest-event.ts';
import { type FileServer, ganeshaServer, sambaServer, shareAccount } from './file-servers.ts';
import { type Lab, say } from './lab.ts';
import { type TestMachine, tell, withMachine } from './machines.ts';
import { makeReferenceDisk, traces } from './reference-disk.ts';
import type { Start } from './scenarios.ts';
import { SiteServer, serverAddress, serverPort } from './site-server.ts';

const mac = '52:54:00:12:34:56';
const imageName = 'Lab over the net';

/** What happens to the way to the destination while the machine writes there. */
export type Fault = 'server killed' | 'cable pulled' | 'server gone for good';

/** A machine writes its image to a share, with everything typed on its keyboard. */
export function capturesToShare(
  start: Start,
  { kind, fault }: { kind: 'smb' | 'nfs'; fault?: Fault },
): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const medium = await lab.medium(start.medium);
    const folder = join(lab.folder, `${id}.servers`);
    rmSync(folder, { recursive: true, force: true });
    const server = await (kind === 'smb' ? sambaServer(folder) : ganeshaServer(folder));
    await server.start();
    const services = [{ address: serverAddress, port: kind === 'smb' ? 445 : 2049, localPort: server.port }];
    const answers = {
      'Where is the image to go?': `${kind === 'smb' ? '' : 'nfs:'}//${serverAddress}/images/lab.wim`,
      'Who writes to the share?': `LAB\\${shareAccount.name}`,
      [`Password of LAB\\${shareAccount.name}`]: shareAccount.password,
    };
    try {
      await withMachine(id, medium, { ...start, network: { mac, services } }, async (machine) => {
        makeReferenceDisk(join(machine.folder, 'target.img'), 96);
        const bench = await machine.start();
        const disturbing = fault === undefined ? undefined : disturb(bench, server, fault);
        const goal = fault === 'server gone for good' ? refusedWith('BW-STEP-115') : captured;
        await bench.follow({ judge: goal, answer: personWith(answers) }, listening(id, disturbing?.hear));
        await disturbing?.done;
        if (fault === 'server gone for good') {
          await bench.guest.kill();
          expect(readdirSync(server.files).filter((name) => !name.startsWith('.'))).toEqual([]);
          return;
        }
        await expectOff(bench);
        await server.kill();
        expectImage(join(server.files, 'lab.wim'));
        expect(readdirSync(server.files)).toEqual(['lab.wim']);
        expectNoPassword(machine);
      });
    } finally {
      await server.kill();
    }
    rmSync(folder, { recursive: true, force: true });
  };
}

/** A machine sends its image to a site, whose server is killed in the middle of it. */
export function capturesToServer(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const medium = await lab.medium(start.medium);
    const server = await SiteServer.prepare(lab, medium.site, id);
    const services = [{ address: serverAddress, port: serverPort, localPort: server.port }];
    try {
      await server.start();
      const { token } = await server.run<{ token: string }>('content', 'receive', 'received');
      const answers = {
        'Where is the image to go?': `https://${serverAddress}:${serverPort}/v1/captures/received.wim`,
        'The upload token of the server': token,
      };
      await withMachine(id, medium, { ...start, network: { mac, services } }, async (machine) => {
        makeReferenceDisk(join(machine.folder, 'target.img'), 96);
        const bench = await machine.start();
        let restarting: Promise<void> | undefined;
        const hear = (event: ReportedEvent): void => {
          const sent = event.type === 'step.progress' && / sent$/.test(event.text);
          if (!sent || restarting !== undefined) return;
          restarting = server
            .kill()
            .then(() => sleep(15_000))
            .then(() => server.start());
        };
        await bench.follow({ judge: captured, answer: personWith(answers) }, listening(id, hear));
        expect(restarting).toBeDefined();
        await restarting;
        await expectOff(bench);
        expectImage(join(server.folder, 'images', 'received.wim'));
        expect(readdirSync(join(server.folder, '.bootwright', 'captures'))).toEqual(['received.json']);
      });
    } finally {
      await server.remove();
    }
  };
}

/** Whatever is asked that is not named here gets an empty line. */
function personWith(answers: Readonly<Record<string, string>>): (prompt: Prompt, guest: Guest) => Promise<void> {
  return async (prompt, guest) => {
    // No adapter yet, on a machine whose drivers take their time.
    if (prompt.prompt === 'network') return guest.type('r', 'us');
    const typed = prompt.text === 'How is the image to be called?' ? imageName : (answers[prompt.text] ?? '');
    await guest.type(`${typed}\n`, 'us');
  };
}

export function captured(event: ReportedEvent): Verdict {
  if (event.type === 'agent.phase' && event.name === 'finished') return 'reached';
  return failureOf(event) ?? 'go on';
}

function refusedWith(code: string): (event: ReportedEvent) => Verdict {
  return (event) => {
    if (event.type === 'sequence.failed' && event.error === code) return 'reached';
    return failureOf(event) ?? 'go on';
  };
}

function failureOf(event: ReportedEvent): Verdict | undefined {
  if (event.type === 'sequence.failed' || event.type === 'agent.refused')
    return { code: 'BW-PROVE-002', failed: `${'error' in event ? event.error : event.code}: ${event.message}` };
  return undefined;
}

/** Begins in the middle of the writing. */
function disturb(bench: BenchMachine, server: FileServer, fault: Fault) {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let begun = false;
  const trouble = async (): Promise<void> => {
    say(fault);
    if (fault === 'cable pulled') await bench.guest.setLink(false);
    else await server.kill();
    if (fault === 'server gone for good') return;
    await sleep(30_000);
    if (fault === 'cable pulled') await bench.guest.setLink(true);
    else await server.start();
  };
  return {
    done,
    hear(event: ReportedEvent): void {
      if (begun || event.type !== 'step.progress' || !/ of .*\d/.test(event.text) || event.fraction < 0.15) return;
      begun = true;
      trouble().then(resolve, reject);
    },
  };
}

export function listening(id: string, hear: ((event: ReportedEvent) => void) | undefined) {
  const { onEvent } = tell(id);
  return {
    onEvent: (heard: Parameters<typeof onEvent>[0]): void => {
      onEvent(heard);
      if (heard.event.type === 'step.progress') say(`${id} ${heard.seconds} s  ${heard.event.text}`);
      hear?.(heard.event);
    },
  };
}

/** A captured machine turns itself off: nobody presses a key. */
export async function expectOff({ guest }: BenchMachine): Promise<void> {
  const late = sleep(120_000, 'still on', { ref: false });
  expect(await Promise.race([guest.ended.then(() => 'off'), late])).toBe('off');
}

function expectImage(file: string): void {
  expect(existsSync(file)).toBe(true);
  const wim = (...args: string[]): string => execFileSync('wimlib-imagex', args, { encoding: 'utf8' });
  expect(wim('verify', file)).toContain('successfully');
  expect(wim('info', file)).toMatch(new RegExp(`Name: +${imageName}\n`));
  const files = wim('dir', file, '1').split('\n');
  expect(files).toContain('/srv/data/part088');
  expect(files.filter((path) => traces.some((trace) => path === `/${trace}`))).toEqual([]);
}

function expectNoPassword({ folder }: TestMachine): void {
  const found = ['console.log', 'events.log', 'target.img'].filter((name) => {
    try {
      execFileSync('grep', ['-q', '-a', '-F', shareAccount.password, join(folder, name)]);
      return true;
    } catch {
      return false;
    }
  });
  expect(found).toEqual([]);
}
