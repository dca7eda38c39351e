import { describe, expect, it } from 'vitest';
import { Operator } from '../../src/staging/operator.ts';

function station() {
  const notes: string[] = [];
  const commands: string[] = [];
  const operator = new Operator(
    (text) => notes.push(text),
    (command, bay) => {
      commands.push(`${command} ${bay}`);
      return bay !== 'Z9';
    },
  );
  return { operator, notes, commands, signal: new AbortController().signal };
}

describe('the person at the station', () => {
  it('scans tags: to the bay that waits longest, or to the one named before', async () => {
    const { operator, signal } = station();
    const [first, second, third] = ['A1', 'A2', 'A3'].map((bay) => operator.ask(bay, 'tag', signal));
    for (const line of ['a3', 'T-3', 'T-1', 'T-2']) {
      operator.line(line);
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all([first, second, third])).toEqual(['T-1', 'T-2', 'T-3']);
  });

  it('allows erasing with a word that no tag is, for the bay that asks', async () => {
    const { operator, notes, signal } = station();
    let allowed = false;
    const question = operator.ask('A1', 'permission', signal).then(() => {
      allowed = true;
    });
    for (const line of ['A1', 'PC-0815', 'erase', 'erase A2', 'y', 'erase A1 A2']) operator.line(line);
    await new Promise((resolve) => setImmediate(resolve));
    expect(allowed).toBe(false);
    expect(notes.length).toBe(6);
    operator.line('ERASE a1');
    await question;
    expect(allowed).toBe(true);
  });

  it('gives commands, and is told when there is nothing to do', () => {
    const { operator, notes, commands } = station();
    for (const line of ['skip A1', 'again A2', 'quit', 'skip Z9']) operator.line(line);
    expect(commands).toEqual(['skip A1', 'again A2', 'quit ', 'skip Z9']);
    expect(notes).toEqual(['"skip Z9": nothing to do in bay Z9']);
  });

  it('may go, and questions end, as they do when the disk goes', async () => {
    const { operator } = station();
    const pulled = new AbortController();
    const gone = operator.ask('A1', 'tag', pulled.signal);
    pulled.abort(new Error('pulled out'));
    await expect(gone).rejects.toThrow('pulled out');
    const waiting = operator.ask('A2', 'permission', new AbortController().signal);
    operator.leave();
    await expect(waiting).rejects.toMatchObject({ code: 'BW-STAGING-004' });
    await expect(operator.ask('A3', 'tag', new AbortController().signal)).rejects.toMatchObject({
      code: 'BW-STAGING-006',
    });
  });
});
