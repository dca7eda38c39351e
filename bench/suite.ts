/** One claim of the project about speed or memory: a quotient with a limit, never a bare time of one machine. */
export interface Measurement {
  readonly name: string;
  /** Ours divided by the yardstick, from medians. */
  readonly ratio: number;
  /** The ratio that must not be exceeded; undefined where the number is only for information. */
  readonly limit: number | undefined;
  readonly unit: string;
  /** Median per contestant. */
  readonly medians: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** Facts a reader needs to judge the numbers: sizes, splits, what is beside it. */
  readonly notes?: readonly string[];
}

/** What `bench/<name>.ts` exports as default. */
export interface Suite {
  readonly title: string;
  /** `rounds` is 5 for a result that counts, less to try a suite out. */
  run(say: (text: string) => void, rounds: number): Promise<readonly Measurement[]>;
}

/**
 * Runs the contestants in turn, `rounds` times: a machine that gets slower or faster meanwhile hits all of them alike.
 * Each contestant returns what it measured.
 */
export async function interleave<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) samples[name].push(await contestants[name]());
  return samples;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Comparison<Name extends string> {
  readonly name: string;
  readonly ours: Name;
  readonly yardstick: Name;
  readonly limit: number | undefined;
  readonly unit: string;
  readonly samples: Readonly<Record<Name, readonly number[]>>;
  readonly notes?: readonly string[];
}

/** The quotient of two contestants' medians. */
export function compare<Name extends string>(comparison: Comparison<Name>): Measurement {
  const { name, ours, yardstick, limit, unit, samples, notes = [] } = comparison;
  const medians = Object.fromEntries(
    Object.entries<readonly number[]>(samples).map(([contestant, values]) => [contestant, median(values)]),
  );
  return { name, ratio: medians[ours]! / medians[yardstick]!, limit, unit, medians, samples, notes };
}
