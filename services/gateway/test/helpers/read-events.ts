import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';
import { until } from '@tracepost/testing';

export interface SentEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: unknown;
}

/** A client of server-sent events that keeps what it gets. */
export interface EventReader {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly events: readonly SentEvent[];
  readonly names: readonly string[];
  /** Everything as it came, comments too. */
  readonly text: () => string;
  readonly isEnded: () => boolean;
  /** The id that a browser would send when it comes back. */
  readonly lastEventId: () => string | null;
  waitFor(count: number): Promise<readonly SentEvent[]>;
  waitForEnd(): Promise<void>;
  /** Hangs up without a word. */
  leave(): void;
  pause(): void;
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const { promise, resolve, reject } = Promise.withResolvers<EventReader>();
  const asked: ClientRequest = request(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
  asked.on('error', reject);
  asked.on('response', (response) => {
    const events: SentEvent[] = [];
    const names: string[] = [];
    let text = '';
    let read = 0;
    let lastId: string | null = headers['last-event-id'] ?? null;
    let isEnded = false;
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      for (let end = text.indexOf('\n\n', read); end !== -1; end = text.indexOf('\n\n', read)) {
        const block = readBlock(text.slice(read, end));
        read = end + 2;
        if (block.id !== null) lastId = block.id;
        if (block.data === undefined) continue;
        events.push({ id: block.id, event: block.event, data: block.data });
        names.push(block.event);
      }
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      isEnded = true;
    });
    resolve({
      status: response.statusCode ?? 0,
      headers: response.headers,
      events,
      names,
      text: () => text,
      isEnded: () => isEnded,
      lastEventId: () => lastId,
      async waitFor(count) {
        await until(() => events.length >= count, { what: `${count} events; there are: ${names.join(' ')}` });
        return events;
      },
      async waitForEnd() {
        await until(() => isEnded, { what: 'the end of the stream' });
      },
      leave: () => asked.destroy(),
      pause: () => response.pause(),
    });
  });
  asked.end();
  return promise;
}

function readBlock(block: string): { id: string | null; event: string; data: unknown } {
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const data = field('data');
  return { id: field('id') ?? null, event: field('event') ?? 'message', data: data && JSON.parse(data) };
}
