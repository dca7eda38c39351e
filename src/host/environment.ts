/** The named variables of the caller's environment that are set. */
export function callerEnvironment(names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}
