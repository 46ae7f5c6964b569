import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import { followEvents, readEvents, type StreamEvent } from './event-stream.ts';

describe('an event stream', () => {
  it('is read the same, wherever its bytes are cut', async () => {
    const text =
      'retry: 2000\n: open\n\nid: 1\nevent: started\ndata: {"a":\ndata: 1}\n\nid: 2\r\ndata: two\r\n\r\nid: 3\n: heartbeat\n\n';
    const whole = await read([text]);
    expect(whole).toEqual({
      events: [
        { name: 'started', data: { a: 1 } },
        { name: 'message', data: 'two' },
      ],
      lastEventId: '3',
    });
    expect(await read([...text])).toEqual(whole);
    for (let at = 1; at < text.length; at++) expect(await read([text.slice(0, at), text.slice(at)])).toEqual(whole);
  });

  it('that sends a line without end is left', async () => {
    const endless = Array.from({ length: 20 }, () => 'x'.repeat(1024 * 1024));
    await expect(read(endless)).rejects.toMatchObject({ reason: 'foreign_answer' });
  });
});

describe('following', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  it('goes on behind its last event when the connection breaks, and ends when nothing is to come', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((lastEventId) => {
      asked.push(lastEventId);
      if (asked.length === 3) return null;
      return `id: ${asked.length}\nevent: e\ndata: ${asked.length}\n\n`;
    });
    const { events, states } = await follow(url);
    expect(asked).toEqual([undefined, '1', '2']);
    expect(events.map(({ data }) => data)).toEqual([1, 2]);
    expect(states).toEqual(['connected', 'lost', 'connected', 'lost']);
  });

  it('fails at once when there is nothing to follow', async () => {
    await expect(follow('http://127.0.0.1:9')).rejects.toMatchObject({ reason: 'unreachable' });
  });

  async function follow(url: string) {
    const events: StreamEvent[] = [];
    const states: string[] = [];
    const { signal } = new AbortController();
    await followEvents({
      api: createApiClient(url, signal),
      path: '/',
      signal,
      onEvent: (event) => {
        events.push(event);
        return false;
      },
      onConnection: (state) => states.push(state),
    });
    return { events, states };
  }

  /** Answers each request with the text, then breaks it off; null is a 204. */
  async function serve(answer: (lastEventId: string | undefined) => string | null): Promise<string> {
    const server = createServer((request, response) => {
      const text = answer(request.headers['last-event-id'] as string | undefined);
      if (text === null) return void response.writeHead(204).end();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text, () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
});

async function read(chunks: readonly string[]) {
  const position = { lastEventId: null as string | null };
  const events: StreamEvent[] = [];
  async function* source() {
    yield* chunks;
  }
  for await (const event of readEvents(source(), position)) events.push(event);
  return { events, lastEventId: position.lastEventId };
}
