import type { Origin, SignalBatch } from '@tracepost/contracts';

export interface ServiceCap {
  /** Notes that it spoke; false for one past the limit. */
  isKnown(service: string): boolean;
  /** The same spans and logs, with the services past the limit called `_OTHER`; what they call themselves stays in the resource. */
  apply(batch: Pick<SignalBatch, 'spans' | 'logs'>): Pick<SignalBatch, 'spans' | 'logs'>;
}

export interface ServiceCapOptions {
  readonly most: number;
  readonly now: () => number;
}

export const OTHER_SERVICE = '_OTHER';
const SILENT_MS = 24 * 3_600_000;
const SWEEP_EVERY_MS = 60_000;

/** A service is a series of its own with every store: names without number are held to so many at a time. */
export function createServiceCap({ most, now }: ServiceCapOptions): ServiceCap {
  const heard = new Map<string, number>();
  let sweptMs = Number.NEGATIVE_INFINITY;

  const isKnown = (service: string): boolean => {
    const at = now();
    if (!heard.has(service) && heard.size >= most) {
      if (at - sweptMs < SWEEP_EVERY_MS) return false;
      sweptMs = at;
      for (const [name, lastMs] of heard) if (at - lastMs > SILENT_MS) heard.delete(name);
      if (heard.size >= most) return false;
    }
    heard.set(service, at);
    return true;
  };

  return {
    isKnown,
    apply({ spans, logs }) {
      const origins = new Map<Origin, Origin>();
      const named = (origin: Origin): Origin => {
        const known = origins.get(origin);
        if (known) return known;
        const safe = isKnown(origin.service) ? origin : { ...origin, service: OTHER_SERVICE };
        origins.set(origin, safe);
        return safe;
      };
      const renamed = <T extends { readonly origin: Origin }>(signals: readonly T[]): readonly T[] =>
        signals.some(({ origin }) => named(origin) !== origin)
          ? signals.map((signal) => ({ ...signal, origin: named(signal.origin) }))
          : signals;
      return { spans: renamed(spans), logs: renamed(logs) };
    },
  };
}
