import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { BenchMachine } from '../../src/prove/bench.ts';
import type { ReportedEvent } from '../../src/prove/guest-event.ts';
import { readProof } from '../../src/prove/proof.ts';
import { usualScript } from '../../src/prove/script.ts';
import { bootwright, type Lab } from './lab.ts';
import { expectUntouched, tell } from './machines.ts';
import { ProcessWatch } from './process-watch.ts';
import { onMachine, refusalOf, type Start } from './scenarios.ts';

/** `media prove` changes the discs as the agent asks for them, until the system is deployed. */
export function provenOnDiscs(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab) => {
    const medium = await lab.medium(start.medium);
    const output = await bootwright(
      [
        ...['media', 'prove', medium.iso, '--site', medium.site, '--password-file', medium.passwordFile],
        ...['--profile', start.profile, '--disk', start.disk, '--expect', 'deployed', '--json'],
      ],
      new ProcessWatch([medium.password]),
    );
    const [printed] = (JSON.parse(output) as { proofs: { proofFile: string }[] }).proofs;
    const proof = await readProof(printed?.proofFile ?? '');
    const run = proof?.proof.runs.find(({ profile }) => profile === start.profile);
    expect(run).toMatchObject({ result: 'passed' });
    const events = run?.events.map(({ event }) => event) ?? [];
    const asked = events.flatMap((event) =>
      event.type === 'prompt.shown' && event.prompt === 'volume' ? [event.volume] : [],
    );
    // Both were compared before the first write; the image comes from the second, the package from the first.
    expect(asked).toEqual([2, 1]);
    const position = (type: string): number => events.findIndex((event) => event.type === type);
    expect(events.filter(({ type }) => type === 'verify.completed')).toHaveLength(2);
    expect(position('sequence.started')).toBeGreaterThan(
      events.findLastIndex(({ type }) => type === 'verify.completed'),
    );
    rmSync(printed?.proofFile ?? '', { force: true });
  };
}

/** A disc of another medium, then the first volume again, are named and refused; the right one is taken. */
export function refusesWrongDiscs(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const other = await lab.medium('small');
    await onMachine(lab, id, start, async (machine) => {
      const bench = await machine.start();
      const { password, keyboard, iso } = machine.medium;
      const second = iso.replace('-1.iso', '-2.iso');
      const usual = usualScript({ expect: 'agent', password, layout: keyboard, console: 'screen' });
      const wrong = [other.iso, iso];
      await bench.follow(
        {
          judge: (event) => (warningOf(event) === undefined ? usual.judge(event) : 'reached'),
          answer: async (prompt, guest) =>
            prompt.prompt === 'volume' ? guest.insert(wrong.shift() ?? second) : usual.answer(prompt, guest),
        },
        tell(id),
      );
      await bench.guest.insert(wrong.shift() ?? second);
      await bench.follow(
        {
          judge: (event) => (warningOf(event) === undefined ? 'go on' : 'reached'),
          answer: async () => {},
        },
        tell(id),
      );
      await bench.guest.insert(second);
      await bench.follow(usual, tell(id));
      const codes = bench.heard.all.flatMap(({ event }) => warningOf(event) ?? []);
      expect(codes).toEqual(['BW-AGENT-150', 'BW-AGENT-151']);
      await expectUntouched(bench);
    });
  };
}

function warningOf(event: ReportedEvent): string | undefined {
  if (event.type !== 'log' || !event.text.includes('BW-AGENT-15')) return undefined;
  return /BW-AGENT-15\d/.exec(event.text)?.[0];
}

/** The stick is pulled while it is being read: the machine says what happened, and not a byte is written. */
export function pulledWhileReading(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    await onMachine(lab, id, start, async (machine) => {
      const bench = await machine.start();
      const reached = (event: ReportedEvent): boolean => event.type === 'verify.progress';
      await bench.follow(
        { judge: (event) => (reached(event) ? 'reached' : 'go on'), answer: async () => {} },
        tell(id),
      );
      await bench.guest.unplug();
      await says(bench, id);
      await expectUntouched(bench);
    });
  };
}

/** The agent, or init when the agent's own program went with the stick. */
async function says(bench: BenchMachine, id: string): Promise<void> {
  const told = (event: ReportedEvent): boolean =>
    event.type === 'agent.refused' || (event.type === 'boot.mark' && event.name === 'medium-gone');
  await bench.follow({ judge: (event) => (told(event) ? 'reached' : 'go on'), answer: async () => {} }, tell(id));
  const refused = refusalOf(bench);
  if (refused !== undefined) expect(refused).toMatchObject({ code: 'BW-AGENT-002' });
  await expect.poll(() => bench.guest.consoleText(), { timeout: 60_000 }).toMatch(/cannot be read|was pulled out/);
}
