/** Tells the harness that this variant is warm enough to begin; ends the process when it is told to, or when the harness is gone. */
export function sayReady(facts: { readonly url?: string }): void {
  process.send?.(facts);
  process.once('SIGTERM', () => process.exit(0));
  process.once('disconnect', () => process.exit(0));
}
