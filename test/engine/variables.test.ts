import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VariableEnvironment } from '../../src/engine/variables.ts';

function filled(values: Record<string, string>, hidden: Record<string, string> = {}): VariableEnvironment {
  const environment = new VariableEnvironment();
  for (const [name, value] of Object.entries(values)) environment.put(name, value, 'policy');
  for (const [name, value] of Object.entries(hidden)) environment.put(name, value, 'policy', true);
  return environment;
}

describe('expansion', () => {
  const values = {
    Name: 'lab',
    Nested: 'pc-%NAME%',
    Index: '0',
    OSDApp0Name: 'Editor',
    Loop: '%Loop2%',
    Loop2: '%Loop%',
    Grow: '%Grow%%Grow%',
  };
  it.each([
    ['plain', 'plain'],
    ['%name%', 'lab'],
    ['%Nested%!', 'pc-lab!'],
    ['50%', '50%'],
    ['50%-%Name%', '50%-lab'],
    ['%Unknown% %Name%', '%Unknown% lab'],
    ['%OSDApp%Index%Name%', 'Editor'],
    ['%%Name%%', '%lab%'],
    ['% Name %', '% Name %'],
    ['', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(filled(values).expand(text)).toBe(expected);
  });

  it('ends in circles and does not grow without limit', () => {
    expect(filled(values).expand('%Loop%')).toMatch(/^%Loop2?%$/);
    expect(filled(values).expand('%Grow%').length).toBeLessThan(4 * 1024 * 1024);
  });

  it('does not expand the value of a hidden variable, and says that it was used', () => {
    const environment = filled({ Name: 'lab' }, { Password: '50%Name%' });
    expect(environment.expand('[%Password%]')).toBe('[50%Name%]');
    expect([environment.holdsSecret('x %password%'), environment.holdsSecret('%Name%')]).toEqual([true, false]);
  });

  it('leaves text without percent signs alone', () => {
    fc.assert(
      fc.property(fc.string(), (text) => filled(values).expand(text.replaceAll('%', '')) === text.replaceAll('%', '')),
    );
  });
});

describe('names and values', () => {
  it('ignores case and outer spaces, keeps the first spelling', () => {
    const environment = new VariableEnvironment();
    environment.set('  OSDComputerName', 'a', 'policy');
    environment.set('osdcomputername ', 'b', 'step');
    expect(environment.list()).toEqual([{ name: 'OSDComputerName', value: 'b', hidden: false, origin: 'step' }]);
  });

  it('deletes with an empty value', () => {
    const environment = filled({ A: '1' });
    environment.set('a', '', 'step');
    expect(environment.list()).toEqual([]);
  });

  it('a hidden name stays hidden until it is deleted', () => {
    const hidden: string[] = [];
    const environment = new VariableEnvironment((value) => hidden.push(value));
    environment.set('A', 'one', 'step', true);
    environment.set('A', 'two', 'step');
    expect([environment.find('A')?.hidden, hidden]).toEqual([true, ['one', 'two']]);
    environment.set('A', '', 'step');
    environment.set('A', 'three', 'step');
    expect(environment.find('A')?.hidden).toBe(false);
  });

  it.each(['_SMSTSType', '_x', ' _OSDDetectedWinDir'])('%j is read-only', (name) => {
    expect(() => new VariableEnvironment().set(name, 'x', 'step')).toThrow(
      expect.objectContaining({ code: 'BW-STEP-004' }),
    );
  });

  it.each(['', '1a', 'a b', 'a%b', 'ä', 'a'.repeat(257), '-a'])('%j is no name', (name) => {
    expect(() => new VariableEnvironment().set(name, 'x', 'step')).toThrow(
      expect.objectContaining({ code: 'BW-STEP-016' }),
    );
  });
});
