import { describe, expect, it } from 'vitest';
import type { BootwrightEvent, EventBody } from '../../src/model/event.ts';
import { GuestEvents } from '../../src/prove/follow.ts';
import type { Guest } from '../../src/prove/guest.ts';
import { usualScript } from '../../src/prove/script.ts';
import type { PhaseLimits } from '../../src/prove/watch.ts';

const limits: PhaseLimits = { firmware: 5, 'boot environment': 5, agent: 5, restart: 5 };

/** The part of a guest that following needs: a clock, a keyboard that is recorded, an end. */
function machine(clock: () => number = () => 0): Guest & { readonly typed: string[]; end(reason: string): void } {
  const typed: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  return {
    typed,
    end: resolve,
    ended: promise,
    folder: '',
    targetDisk: '',
    seconds: clock,
    consoleText: () => '',
    type: async (text, layout) => void typed.push(`${layout}:${text}`),
    typeSerial: async (text) => void typed.push(`serial:${text}`),
    press: async () => {},
    screenshot: async () => {},
    setLink: async () => {},
    powerDown: async () => true,
    insert: async () => {},
    unplug: async () => {},
    kill: async () => {},
  };
}

function line(event: EventBody): string {
  return JSON.stringify({ ...event, at: '2026-01-01T00:00:00Z', uptime: 1 } satisfies BootwrightEvent);
}

const password = { type: 'prompt.shown', prompt: 'password', text: 'Password', attempt: 1 } as const;
const confirm = { type: 'prompt.shown', prompt: 'confirm', text: 'Erase?' } as const;
const finished: EventBody = { type: 'agent.phase', name: 'finished', text: 'done' };
const startedIn = (environment: 'boot' | 'deployed'): EventBody => ({
  ...{ type: 'agent.started', environment },
});
const options = { limits, totalSeconds: 60 };

describe('following a machine', () => {
  it('types the password in the layout of the medium, confirms, and stops at the goal', async () => {
    const heard = new GuestEvents();
    const guest = machine();
    const script = usualScript({ expect: 'deployed', password: 'geheim', layout: 'de', console: 'screen' });
    for (const event of [password, confirm]) heard.listen.onEventLine(line(event));
    for (const event of [startedIn('deployed'), finished]) heard.listen.onEventLine(line(event));
    expect((await heard.follow(guest, script, options)).event).toMatchObject({ name: 'finished' });
    expect(guest.typed).toEqual(['de:geheim\n', 'de:\n']);
  });

  it('types on the serial line with carriage returns', async () => {
    const heard = new GuestEvents();
    const guest = machine();
    for (const event of [password, startedIn('deployed'), finished]) heard.listen.onEventLine(line(event));
    await heard.follow(
      guest,
      usualScript({ expect: 'deployed', password: 'a', layout: 'us', console: 'serial' }),
      options,
    );
    expect(guest.typed).toEqual(['serial:a\r']);
  });

  it('waits for the login of a system whose sequence ended before it started', async () => {
    const heard = new GuestEvents();
    for (const event of [startedIn('boot'), finished]) heard.listen.onEventLine(line(event));
    heard.listen.onConsole('\r\nDebian GNU/Linux 13 lab-01 ttyS0\r\n\r\nlab-01 login: ');
    const script = usualScript({ expect: 'deployed', layout: 'us', console: 'screen' });
    expect((await heard.follow(machine(), script, options)).event.type).toBe('console.login');
  });

  it('goes only as far as the confirmation when the agent is all that is asked for', async () => {
    const heard = new GuestEvents();
    const guest = machine();
    heard.listen.onEventLine(line(confirm));
    const script = usualScript({ expect: 'agent', layout: 'us', console: 'screen' });
    expect((await heard.follow(guest, script, options)).event).toMatchObject({ prompt: 'confirm' });
    expect(guest.typed).toEqual([]);
  });

  it.each([
    ['BW-PROVE-002', line({ type: 'agent.refused', code: 'BW-TRUST-013', message: 'changed' }), /BW-TRUST-013/],
    ['BW-PROVE-002', line({ type: 'sequence.failed', name: 'x', step: 'Apply', code: 5, message: 'no' }), /"Apply"/],
    ['BW-PROVE-005', line(password), /none/],
    ['BW-PROVE-012', '{"type":"boot.mark","name":"agent-ended-1"}', /crashed/],
  ])('gives up with %s', async (code, text, message) => {
    const heard = new GuestEvents();
    heard.listen.onEventLine(text);
    const script = usualScript({ expect: 'deployed', layout: 'us', console: 'screen' });
    await expect(heard.follow(machine(), script, options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('does not type a refused password again', async () => {
    const heard = new GuestEvents();
    heard.listen.onEventLine(line(password));
    heard.listen.onEventLine(line({ ...password, attempt: 2 }));
    const guest = machine();
    const script = usualScript({ expect: 'agent', password: 'x', layout: 'us', console: 'screen' });
    await expect(heard.follow(guest, script, options)).rejects.toThrow(/refused/);
    expect(guest.typed).toHaveLength(1);
  });

  it('says in which phase a machine fell silent', async () => {
    let seconds = 0;
    const guest = machine(() => seconds);
    const script = usualScript({ expect: 'agent', layout: 'us', console: 'screen' });
    const firmware = new GuestEvents();
    const waiting = firmware.follow(guest, script, options);
    seconds = 6;
    await expect(waiting).rejects.toMatchObject({ code: 'BW-PROVE-001', message: expect.stringMatching(/firmware/) });

    const restart = new GuestEvents();
    restart.listen.onEventLine(line({ type: 'restart.requested', target: 'disk', message: '' }));
    await expect(restart.follow(guest, script, options)).rejects.toThrow(/after the restart.*deployed system/);
  });

  it('hears a kernel panic, also in two pieces', async () => {
    const heard = new GuestEvents();
    heard.listen.onConsole('[    1.0] Kernel panic - not ');
    heard.listen.onConsole('syncing: VFS: Unable to mount root fs\r\n');
    const script = usualScript({ expect: 'agent', layout: 'us', console: 'screen' });
    await expect(heard.follow(machine(), script, options)).rejects.toMatchObject({
      code: 'BW-PROVE-012',
      message: expect.stringMatching(/Unable to mount root/),
    });
  });

  it('notices when the machine is gone', async () => {
    const guest = machine();
    const waiting = new GuestEvents().follow(
      guest,
      usualScript({ expect: 'agent', layout: 'us', console: 'screen' }),
      options,
    );
    guest.end('killed');
    await expect(waiting).rejects.toMatchObject({ code: 'BW-PROVE-007' });
  });
});
