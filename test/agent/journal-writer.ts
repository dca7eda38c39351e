import { TargetJournal } from '../../src/agent/journal.ts';
import { mediumId, newKey, policyOf } from './medium-tree.ts';

/** Saves states without end, each longer than the one before: the process is killed in the middle of it. */
const root = process.argv[2] ?? '';
const journal = new TargetJournal({
  environment: 'boot',
  policy: policyOf([], newKey()),
  vault: undefined,
  expiresAt: undefined,
  root: async () => root,
  logs: undefined,
  flush: async () => undefined,
  warn: () => undefined,
});
for (let position = 0; ; position += 1) {
  await journal.save(
    {
      format: 'bootwright-run/1',
      runId: 'r',
      mediumId,
      sequence: 'x',
      position,
      phase: 'ready',
      retries: {},
      variables: [{ name: 'Long', value: 'x'.repeat(20_000 + position), origin: 'step' }],
      hidden: [],
      startedAt: '2026-06-01T10:00:00.000Z',
    },
    {},
  );
  if (position === 0) process.stdout.write('begun\n');
}
