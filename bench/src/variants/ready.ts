/** Tells the harness that this variant is warm enough to begin, and ends the process when it is told to. */
export function sayReady(facts: { readonly url?: string }): void {
  process.send?.(facts);
  process.once('SIGTERM', () => process.exit(0));
}
