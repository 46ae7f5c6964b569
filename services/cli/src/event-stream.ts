import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { CommandFailure, InterruptedError } from './failures.ts';

export interface StreamEvent {
  readonly name: string;
  readonly data: unknown;
}

export interface FollowOptions {
  readonly api: ApiClient;
  readonly path: string;
  readonly signal: AbortSignal;
  /** Gives true when nothing that follows is of interest. */
  readonly onEvent: (event: StreamEvent) => boolean;
  /** The connection is gone and is made again, or is there again. */
  readonly onConnection: (state: 'connected' | 'lost') => void;
}

/** A heartbeat comes every few seconds: whoever is silent for so long is gone. */
const SILENCE_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Server-sent events for as long as there are any, across restarts of the gateway: it goes on after the last event that it had
 * (`Last-Event-ID`). Throws when there is nothing to connect to at first, and for a refusal that will stay one.
 */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { signal, onConnection } = options;
  const position: Position = { lastEventId: null };
  let wasConnected = false;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      const end = await readStream(options, position, () => {
        wasConnected = true;
        pauseMs = FIRST_PAUSE_MS;
        onConnection('connected');
      });
      if (end === 'finished') return;
    } catch (error) {
      if (signal.aborted) throw new InterruptedError('Interrupted', { cause: error });
      const isLasting = error instanceof CommandFailure && !error.isRetryable;
      if (!wasConnected || isLasting) throw error;
    }
    onConnection('lost');
    await sleep(pauseMs, undefined, { signal }).catch((cause) => {
      throw new InterruptedError('Interrupted', { cause });
    });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

interface Position {
  lastEventId: string | null;
}

async function readStream(
  { api, path, onEvent }: FollowOptions,
  position: Position,
  onConnected: () => void,
): Promise<'finished' | 'ended'> {
  const ending = new AbortController();
  const watchdog = setTimeout(() => ending.abort(new Error('silence')), SILENCE_MS);
  try {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (position.lastEventId !== null) headers['last-event-id'] = position.lastEventId;
    const response = await api.open(path, { headers, signal: ending.signal });
    // https://html.spec.whatwg.org/multipage/server-sent-events.html: nothing more will come.
    if (response.status === 204 || !response.body) return 'finished';
    onConnected();
    const text = response.body.pipeThrough(new TextDecoderStream());
    for await (const event of readEvents(text, position, () => watchdog.refresh())) {
      if (onEvent(event)) return 'finished';
    }
    return 'ended';
  } finally {
    clearTimeout(watchdog);
    ending.abort();
  }
}

/** An event of ours has some kilobytes; more than this is not ours. */
const LONGEST_EVENT = 16 * 1024 * 1024;

/** Fields and blank lines of an event stream. Ids without data are remembered too: they say how far a quiet stream has come. */
export async function* readEvents(
  chunks: AsyncIterable<string>,
  position: Position,
  onChunk: () => void = () => {},
): AsyncGenerator<StreamEvent> {
  let rest = '';
  let name = '';
  let data: string[] = [];
  for await (const chunk of chunks) {
    onChunk();
    rest += chunk;
    if (rest.length > LONGEST_EVENT)
      throw new CommandFailure('foreign_answer', 'The live feed sends lines without end.');
    // A carriage return at the end may be the first half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { name: name || 'message', data: parse(data.join('\n')) };
        name = '';
        data = [];
        continue;
      }
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === 'id' && !value.includes('\0')) position.lastEventId = value;
      if (field === 'event') name = value;
      if (field === 'data') data.push(value);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
