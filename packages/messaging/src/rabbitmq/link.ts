import type { Duplex } from 'node:stream';
import type { Logger } from '@tracepost/telemetry';
import { type ChannelModel, connect } from 'amqplib';
import { BrokerClosedError } from '../broker.ts';
import { closeQuietly } from './deadline.ts';
import type { Endpoint } from './endpoint.ts';
import { describe, keepEstablished } from './keep-established.ts';
import { surviveDeepHeaders } from './survive-deep-headers.ts';
import { NOT_YET } from './trouble.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const CLOSE_TIMEOUT_MS = 2_000;

export type LinkState = 'connecting' | 'up' | 'blocked' | 'down';

export interface LinkOptions {
  readonly endpoint: Endpoint;
  /** Seen by the operator in the broker's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  /** Runs on every new connection before it counts as up; when it throws, the connection is dropped and tried again. */
  readonly setUp: (model: ChannelModel) => Promise<void>;
  readonly onChange: () => void;
}

/** One connection that comes back by itself, with whatever has to be set up on it. */
export class Link {
  state: LinkState = 'connecting';
  /** Why it is down or blocked. */
  reason = NOT_YET;
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  #up = newWaiting();
  #model: ChannelModel | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    void keepEstablished({
      establish: () => this.#establish(),
      onLost: (reason) => this.#change('down', reason),
      signal: this.#stop.signal,
    });
  }

  /** The connection when it is up, null when it is not. */
  get model(): ChannelModel | null {
    return this.state === 'up' || this.state === 'blocked' ? this.#model : null;
  }

  /** Waits until the link is up; rejects with `BrokerClosedError` when it is closed meanwhile. */
  whenUp(): Promise<ChannelModel> {
    return this.#up.promise;
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#up.reject(new BrokerClosedError());
    // For those who ask from now on: the promise above may have resolved long ago.
    this.#up = newWaiting();
    this.#up.reject(new BrokerClosedError());
    const model = this.#model;
    if (model === null) return;
    await closeQuietly(model, CLOSE_TIMEOUT_MS);
    destroySocket(model);
  }

  async #establish(): Promise<{ readonly lost: Promise<string> }> {
    const { endpoint, name, setUp } = this.#options;
    const model = await connect(endpoint.connect, {
      timeout: CONNECT_TIMEOUT_MS,
      noDelay: true,
      clientProperties: { connection_name: name },
    });
    surviveDeepHeaders(model);
    const lost = this.#watch(model);
    if (this.#stop.signal.aborted) {
      destroySocket(model);
      return { lost };
    }
    this.#model = model;
    try {
      await setUp(model);
    } catch (error) {
      destroySocket(model);
      throw error;
    }
    // Lost during the set-up: the last word on it is already said.
    if (this.#model === model) {
      this.#change('up', '');
      this.#up.resolve(model);
    }
    return { lost };
  }

  #watch(model: ChannelModel): Promise<string> {
    const lost = Promise.withResolvers<string>();
    let reason = 'the connection was closed';
    model.on('error', (error) => {
      reason = describe(error);
    });
    model.on('close', (error?: Error) => {
      // The library only half-closes its socket; one whose other end is silent would linger for minutes.
      destroySocket(model);
      if (this.#model === model) this.#model = null;
      lost.resolve(error ? describe(error) : reason);
    });
    model.on('blocked', (why) => this.#change('blocked', why));
    model.on('unblocked', () => this.#change('up', ''));
    return lost.promise;
  }

  #change(state: LinkState, reason: string): void {
    if (this.#stop.signal.aborted) return;
    const wasUp = this.state === 'up' || this.state === 'blocked';
    this.state = state;
    this.reason = reason;
    if (wasUp && state === 'down') this.#up = newWaiting();
    if (state === 'down') this.#options.logger.debug({ layer: 'queue', reason }, `${this.#options.name} is down`);
    this.#options.onChange();
  }
}

function newWaiting(): PromiseWithResolvers<ChannelModel> {
  const waiting = Promise.withResolvers<ChannelModel>();
  // Nobody has to be waiting when it is closed.
  waiting.promise.catch(() => {});
  return waiting;
}

function destroySocket(model: ChannelModel): void {
  // The library's types leave it out, and offer no other way to let go of a silent peer.
  const { stream } = model.connection as unknown as { readonly stream?: Duplex };
  // With an error: without one the library would not notice, and go on with its heartbeats.
  stream?.destroy(new Error('the connection was given up'));
}
