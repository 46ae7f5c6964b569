import type { ProblemSpec } from './problem.ts';

/** Host and port of a `Host` header, and whether it is one of ours. */
export interface KnownHost {
  readonly address: string;
  readonly port: number | null;
  readonly isAllowed: boolean;
}

export interface HostCheck {
  read(host: string | undefined): KnownHost;
  /** Null when the request may go on. */
  refuse(host: KnownHost, origin: string | undefined): ProblemSpec | null;
}

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?$/;
const ORIGIN = /^https?:\/\/(.{1,300})$/;
const MAX_REMEMBERED = 64;
const NO_HOST: KnownHost = { address: '', port: null, isAllowed: false };

/**
 * A page of another site can make a browser send requests here (DNS rebinding, cross-site forms), but it cannot choose their
 * `Host` and `Origin`. So both have to name this machine, with any port, or one of the allowed hosts.
 */
export function createHostCheck(allowedHosts: readonly string[]): HostCheck {
  const allowed = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((host) => host.toLowerCase())]);
  // The same few hosts come with every request.
  const remembered = new Map<string, KnownHost>();

  const parse = (host: string): KnownHost => {
    const lower = host.toLowerCase();
    const match = HOST.exec(lower);
    const address = match?.[1];
    if (address === undefined) return NO_HOST;
    const port = match?.[2] === undefined ? null : Number(match[2]);
    return { address, port, isAllowed: allowed.has(address) || allowed.has(lower) };
  };

  const read = (host: string | undefined): KnownHost => {
    if (host === undefined) return NO_HOST;
    const before = remembered.get(host);
    if (before) return before;
    const known = parse(host);
    if (known.isAllowed && remembered.size < MAX_REMEMBERED) remembered.set(host, known);
    return known;
  };

  return {
    read,
    refuse(host, origin) {
      if (host === NO_HOST && host.address === '')
        return {
          code: 'FOREIGN_HOST',
          detail: 'The Host header is missing or cannot be read; it has to name this machine.',
        };
      if (!host.isAllowed)
        return {
          code: 'FOREIGN_HOST',
          detail:
            'The Host header names another machine. Use 127.0.0.1 or localhost, or add the name to TRACEPOST_ALLOWED_HOSTS.',
        };
      if (origin === undefined || read(ORIGIN.exec(origin)?.[1]).isAllowed) return null;
      return {
        code: 'FOREIGN_ORIGIN',
        detail: 'The request comes from a page of another site, which may not call this API.',
      };
    },
  };
}
