const MAX_WAIT_SECONDS = 60;

/** Seconds of `Prefer: wait=20`, at most 60; null when waiting was not asked for. https://www.rfc-editor.org/rfc/rfc7240 */
export function readWaitSeconds(prefer: string | readonly string[] | undefined): number | null {
  if (prefer === undefined) return null;
  const text = typeof prefer === 'string' ? prefer : prefer.join(',');
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?(?=$|[,;\s])/i.exec(text.slice(0, 512));
  if (!match) return null;
  const seconds = Math.min(Number(match[1]), MAX_WAIT_SECONDS);
  return seconds > 0 ? seconds : null;
}
