/**
 * What keeps the broker from being ready, in words that may be shown to anybody who asks for its health. What the broker and the network say of
 * it names users, hosts and queues: it is recognised here and stays in the log.
 */
export function describeTrouble(reason: string): string | null {
  for (const [pattern, words] of KNOWN) if (pattern.test(reason)) return words;
  const [code] = reason.match(/\bE[A-Z][A-Z_]{2,}\b/) ?? [];
  if (code !== undefined) return `it cannot be reached (${code})`;
  if (/heartbeat/i.test(reason)) return 'it was silent for too long (no heartbeat)';
  if (/timed? ?out/i.test(reason)) return 'it does not answer in time';
  return reason === '' || reason === NOT_YET ? null : 'the connection to it was lost';
}

/** Of a connection that was not tried yet. */
export const NOT_YET = 'not connected yet';

/** The exchange that may not be published to, when that is the reason; null otherwise. */
export function exchangeRefused(reason: string): string | null {
  const [, name] = reason.match(/ACCESS.REFUSED.* access to exchange '([^']*)'/) ?? [];
  if (name === undefined) return null;
  return name === 'amq.default' ? '' : name;
}

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/ACCESS.REFUSED.*login/i, 'it refuses the login: user or password is wrong (ACCESS_REFUSED)'],
  [/ACCESS.REFUSED/, 'it refuses a right that is needed here (ACCESS_REFUSED)'],
  [/NOT.ALLOWED/, 'it refuses the virtual host: it is not there, or this user may not use it (NOT_ALLOWED)'],
];
