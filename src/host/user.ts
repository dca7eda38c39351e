/** Whether we are root here: the real one, or that of a user namespace or container. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}
