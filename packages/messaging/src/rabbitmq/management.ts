import type { QueueState } from '../broker.ts';
import type { Endpoint } from './endpoint.ts';

const DEADLINE_MS = 2_000;
/** Whoever asks about many queues must not wait for each when nobody answers. */
const PAUSE_AFTER_FAILURE_MS = 10_000;
const UNKNOWN: QueueFlow = { unacknowledged: null, publishRate: null, deliverRate: null };

export type QueueFlow = Pick<QueueState, 'unacknowledged' | 'publishRate' | 'deliverRate'>;

/** What AMQP does not tell of a queue, from the management plugin's HTTP API. https://www.rabbitmq.com/docs/http-api-reference */
export class Management {
  readonly #base: string;
  readonly #authorization: string;
  readonly #stop = new AbortController();
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(url: string, { connect: { username, password, vhost } }: Endpoint) {
    const parts = URL.canParse(url) ? new URL(url) : undefined;
    if (!parts || !/^https?:$/.test(parts.protocol) || parts.username !== '' || parts.password !== '') {
      // Without what was given: it may hold a password.
      throw new TypeError('The address of the management API is not a URL like http://host:15672, without credentials');
    }
    const host = encodeURIComponent(decodeURIComponent(vhost ?? '/'));
    this.#base = `${parts.origin}${parts.pathname.replace(/\/$/, '')}/api/queues/${host}`;
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** Never rejects, and takes two seconds at most; null for what nobody can tell. */
  async flowOf(queue: string): Promise<QueueFlow> {
    if (performance.now() < this.#pausedUntil) return UNKNOWN;
    try {
      const response = await fetch(`${this.#base}/${encodeURIComponent(queue)}?${QUERY}`, {
        headers: { authorization: this.#authorization },
        // The password is for this address only.
        redirect: 'error',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DEADLINE_MS)]),
      });
      const content: unknown = await response.json();
      if (response.ok) return readFlow(content);
      if (response.status === 404) return UNKNOWN;
    } catch {
      // The same as an answer that is none.
    }
    this.#pausedUntil = performance.now() + PAUSE_AFTER_FAILURE_MS;
    return UNKNOWN;
  }

  close(): void {
    this.#stop.abort();
  }
}

/** Means of the last minute from samples of five seconds, as often as the broker takes them; and nothing of all the rest. */
const QUERY = new URLSearchParams({
  msg_rates_age: '60',
  msg_rates_incr: '5',
  columns: 'messages_unacknowledged,message_stats.publish_details.avg_rate,message_stats.deliver_get_details.avg_rate',
}).toString();

function readFlow(content: unknown): QueueFlow {
  const { messages_unacknowledged: unacknowledged, message_stats: stats } = asObject(content);
  const { publish_details: published, deliver_get_details: delivered } = asObject(stats);
  return {
    unacknowledged: asNumber(unacknowledged),
    // A queue that nothing ever came to or left has no word on it.
    publishRate: published === undefined ? 0 : asNumber(asObject(published).avg_rate),
    deliverRate: delivered === undefined ? 0 : asNumber(asObject(delivered).avg_rate),
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
