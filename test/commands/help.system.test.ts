import { expect, it } from 'vitest';
import { COMMANDS } from '../../commands/all.ts';
import { bootwright } from './command-line.ts';

// A start of the program for each: too much for the checks of a minute.
it.each(Object.keys(COMMANDS))('shows help with an example for %s', (id) => {
  const { stdout, status } = bootwright([...id.split(':'), '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('EXAMPLES');
  expect(stdout).toContain(`$ bootwright ${id.replaceAll(':', ' ')}`);
  expect(stdout).not.toContain('<%');
});
