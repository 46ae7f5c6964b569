import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request says about where it comes from: HTTP headers, or the metadata of a call. */
export interface Caller {
  readonly authorization?: string | undefined;
  /** The name by which it called this machine, with or without a port. */
  readonly host?: string | undefined;
  /** Sent by browsers alone. */
  readonly origin?: string | undefined;
}

export type Access = 'allowed' | 'unauthorized' | 'foreign';
export type AccessRule = (caller: Caller) => Access;

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);

/** A door that others can reach has no token. */
export class OpenDoorError extends Error {
  readonly code = 'otlp-receiver/no-token';

  constructor(host: string) {
    super(`Telemetry would be taken from anyone who reaches ${host}: it needs a token there, nothing was started`);
  }
}

/** With a token, whoever knows it may send. Without one only this machine may, and no web page in a browser on it. */
export function accessRule(host: string, token: string | null): AccessRule {
  if (token !== null && token !== '') return tokenRule(token);
  if (!LOOPBACK.has(host)) throw new OpenDoorError(host);
  // A page that had its name rebound to this address sends its own name; any page sends its origin.
  return ({ host: named = '', origin }) =>
    origin === undefined && LOOPBACK.has(named.replace(/:\d{1,5}$/, '')) ? 'allowed' : 'foreign';
}

/** Compares in constant time: hashes have one length, whatever was sent. */
function tokenRule(token: string): AccessRule {
  const wanted = hash(`Bearer ${token}`);
  return ({ authorization }) =>
    authorization !== undefined && timingSafeEqual(hash(authorization), wanted) ? 'allowed' : 'unauthorized';
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
