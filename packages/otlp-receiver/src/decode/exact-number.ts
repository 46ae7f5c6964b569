/** A signed 64-bit number; as text when a double cannot hold it exactly. */
export function exactNumber(value: bigint | string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
