import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** What one stage of a check found; written by the stage, summed by `bin/check.ts`. */
export interface StageReport {
  readonly passed: number;
  /** Names of what failed. */
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export function writeReport(path: string, report: StageReport): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}

/**
 * Vitest reporter: counts tests into the file that BOOTWRIGHT_REPORT names. Vitest's own JSON leaves out why a test was
 * skipped, and a suite whose `beforeAll` failed looks there like skipped tests.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    const failed: string[] = unhandled.map((error) => `unhandled error: ${String((error as Error).message ?? error)}`);
    const skipped: { name: string; reason: string }[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) failed.push(module.relativeModuleId);
      for (const suite of module.children.allSuites())
        if (suite.errors().length > 0) failed.push(`${module.relativeModuleId} > ${suite.fullName}`);
      for (const test of module.children.allTests()) {
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed.push(name);
        else if (result.state === 'skipped') skipped.push({ name, reason: result.note ?? '' });
        else failed.push(`${name} (never ran)`);
      }
    }
    const path = process.env['BOOTWRIGHT_REPORT'];
    if (path !== undefined) writeReport(path, { passed, failed, skipped });
  }
}
