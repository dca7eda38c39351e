/** As if `--dry-run` had been typed: every `media plan` is its `media create`, stopped after the plan. */
export function stopAfterPlan(argv: string[]): void {
  if (!argv.includes('--dry-run')) argv.push('--dry-run');
}
