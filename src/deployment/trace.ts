import type { DecisionRule, DecisionRuleId } from '../model/deployment.ts';

/** The rules a decision looked at, in order, for `explain` and the server's log. */
export class Trace {
  readonly rules: DecisionRule[] = [];

  applies(rule: DecisionRuleId, text: string): void {
    this.rules.push({ rule, outcome: 'applies', text });
  }

  passes(rule: DecisionRuleId, text: string): void {
    this.rules.push({ rule, outcome: 'passes', text });
  }

  refuses(rule: DecisionRuleId, text: string): void {
    this.rules.push({ rule, outcome: 'refuses', text });
  }
}
