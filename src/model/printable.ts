/** Text from a machine as it may be shown on a terminal: control characters could move the cursor or forge lines. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}
