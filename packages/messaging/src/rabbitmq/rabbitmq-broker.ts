import type { Telemetry } from '@tracepost/telemetry';
import type { ChannelModel } from 'amqplib';
import type {
  Broker,
  BrokerState,
  Consumption,
  OutgoingMessage,
  PublishOutcome,
  QueueState,
  Subscription,
  Topology,
} from '../broker.ts';
import { settlesWithin } from './deadline.ts';
import { type Endpoint, type EndpointOptions, parseEndpoint } from './endpoint.ts';
import { keepEstablished } from './keep-established.ts';
import { Link } from './link.ts';
import { Management } from './management.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';
import { RabbitMqConsumption } from './rabbitmq-consumption.ts';
import { TopologyKeeper } from './topology-keeper.ts';
import { describeTrouble, exchangeRefused, NOT_YET } from './trouble.ts';

export interface RabbitMqOptions extends EndpointOptions {
  /** Seen by the operator in the broker's list of connections. */
  readonly connectionName: string;
  readonly telemetry: Pick<Telemetry, 'logger'>;
  /** How long a publish waits for its confirm; 5,000 when none is given. */
  readonly confirmTimeoutMs?: number;
  /** Most publishes without a confirm at a time; 10,000 when none is given. */
  readonly maxUnconfirmed?: number;
  /** Most bytes of bodies without a confirm at a time; 64 MiB when none is given. */
  readonly maxUnconfirmedBytes?: number;
  /** Of the management API, like `http://host:15672`, with the same user and password; without it `inspect` tells less. */
  readonly managementUrl?: string | undefined;
}

/** Gives a broker at once and connects in the background, again and again until it is closed. */
export function createRabbitMqBroker(options: RabbitMqOptions): Broker {
  return new RabbitMqBroker(options, parseEndpoint(options));
}

const CONFIRM_TIMEOUT_MS = 5_000;
const INSPECT_TIMEOUT_MS = 5_000;
const MAX_UNCONFIRMED = 10_000;
const MAX_UNCONFIRMED_BYTES = 64 * 1024 * 1024;

/**
 * Two connections: one publishes, and may be stopped by the broker at any time; the other consumes, declares and asks,
 * and must not stand still with it. Each comes back by itself.
 */
class RabbitMqBroker implements Broker {
  readonly #endpoint: Endpoint;
  readonly #logger: Telemetry['logger'];
  readonly #publishing: Link;
  readonly #consuming: Link;
  readonly #topology: TopologyKeeper;
  readonly #management: Management | null;
  readonly #consumptions = new Set<RabbitMqConsumption>();
  readonly #listeners = new Set<(state: BrokerState) => void>();
  readonly #stop = new AbortController();
  #publisher: Publisher | null = null;
  #publisherReason = NOT_YET;
  /** As the network or the broker said it. */
  #trouble = NOT_YET;
  #state: BrokerState = 'connecting';
  /** What every publish is answered while the state is not `ready`. */
  #refusal: PublishOutcome | null = { status: 'unreachable', reason: NOT_YET };
  #closing: Promise<void> | undefined;

  constructor(options: RabbitMqOptions, endpoint: Endpoint) {
    const { connectionName, telemetry } = options;
    this.#endpoint = endpoint;
    this.#logger = telemetry.logger;
    this.#management = options.managementUrl === undefined ? null : new Management(options.managementUrl, endpoint);
    const onChange = (): void => this.#assess();
    const link = (role: string, setUp: (model: ChannelModel) => Promise<void>): Link =>
      new Link({ endpoint, name: `${connectionName} ${role}`, logger: this.#logger, setUp, onChange });

    this.#topology = new TopologyKeeper({ whenUp: () => this.#consuming.whenUp(), logger: this.#logger });
    this.#consuming = link('consuming', (model) => this.#topology.restore(model));
    this.#publishing = link('publishing', async () => {});
    this.#keepPublisher({
      confirmTimeoutMs: options.confirmTimeoutMs ?? CONFIRM_TIMEOUT_MS,
      maxUnconfirmed: options.maxUnconfirmed ?? MAX_UNCONFIRMED,
      maxUnconfirmedBytes: options.maxUnconfirmedBytes ?? MAX_UNCONFIRMED_BYTES,
      onReturn: () => void this.#topology.repair(),
    });
  }

  get state(): BrokerState {
    return this.#state;
  }

  get stateReason(): string | null {
    if (this.#state === 'ready' || this.#state === 'closed') return null;
    if (this.#state === 'blocked') return 'it takes no messages now (memory or disk alarm)';
    return describeTrouble(this.#trouble);
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    // Of its own, so that the same function given twice is two listeners.
    const own = (state: BrokerState): void => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  declare(topology: Topology): Promise<void> {
    return this.#topology.declare(topology);
  }

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    if (this.#refusal !== null) return Promise.resolve(this.#refusal);
    if (this.#publisher === null) return Promise.resolve({ status: 'unreachable', reason: this.#publisherReason });
    return this.#publisher.publish(message);
  }

  async consume(subscription: Subscription): Promise<Consumption> {
    const consumption = new RabbitMqConsumption({
      subscription,
      isDurable: () => this.#topology.isDurable(subscription.queue),
      whenUp: () => this.#consuming.whenUp(),
      repair: () => this.#topology.repair(),
      logger: this.#logger,
      onClosed: (closed) => this.#consumptions.delete(closed),
    });
    this.#consumptions.add(consumption);
    if (this.#closing) void consumption.close();
    await consumption.established;
    return consumption;
  }

  async inspect(queue: string): Promise<QueueState | null> {
    const { model } = this.#consuming;
    if (model === null) return null;
    const asked = inspectOn(model, queue);
    const asking = this.#management?.flowOf(queue);
    const seen = (await settlesWithin(asked, INSPECT_TIMEOUT_MS)) ? await asked : null;
    return seen && { ...seen, ...(await asking) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Handlers that finish now still tell of it: publishing ends after consuming.
    await Promise.all([...this.#consumptions].map((consumption) => consumption.close()));
    this.#refusal = { status: 'unreachable', reason: 'the broker is closed' };
    await this.#publisher?.drain();
    this.#stop.abort();
    this.#management?.close();
    await Promise.all([this.#publishing.close(), this.#consuming.close()]);
    this.#changeState('closed', '');
  }

  #keepPublisher(options: PublisherOptions): void {
    let isFirst = true;
    let refusedAt: string | null = null;
    void keepEstablished({
      establish: async () => {
        // A channel breaks when its exchange was deleted.
        if (!isFirst) await this.#topology.repair();
        isFirst = false;
        const publisher = await Publisher.open(await this.#publishing.whenUp(), options);
        // A new channel opens whatever rights there are: it would be ready, and break with the next message, again and again.
        if (refusedAt !== null) await publisher.askWhetherItMay(refusedAt);
        refusedAt = null;
        this.#publisher = publisher;
        this.#assess();
        return publisher;
      },
      onLost: (reason) => {
        refusedAt = exchangeRefused(reason) ?? refusedAt;
        this.#publisher = null;
        this.#publisherReason = reason;
        this.#assess();
      },
      signal: this.#stop.signal,
    });
  }

  #assess(): void {
    if (this.#closing) return;
    const links = [this.#publishing, this.#consuming];
    const down = links.find(({ state }) => state === 'down');
    const isConnecting = links.some(({ state }) => state === 'connecting') || this.#publisher === null;
    // It may change while the state does not: first the wire breaks, then the login is refused.
    this.#trouble = down?.reason ?? (isConnecting ? this.#publisherReason : '');
    if (down) this.#changeState('unreachable', down.reason);
    else if (isConnecting) this.#changeState('connecting', this.#publisherReason);
    else if (this.#publishing.state === 'blocked') this.#changeState('blocked', this.#publishing.reason);
    else this.#changeState('ready', '');
  }

  #changeState(state: BrokerState, reason: string): void {
    if (state === this.#state) return;
    this.#state = state;
    if (!this.#closing) this.#refusal = refusalIn(state, reason);
    const fields = {
      layer: 'queue',
      broker: this.#endpoint.label,
      state,
      ...(reason === '' ? {} : { reason }),
    } as const;
    if (state === 'unreachable' || state === 'blocked') this.#logger.warn(fields, `The broker is ${state}`);
    else this.#logger.info(fields, `The broker is ${state}`);
    for (const listener of this.#listeners) {
      try {
        listener(state);
      } catch (error) {
        this.#logger.error({ layer: 'queue', error }, "A listener of the broker's state threw");
      }
    }
  }
}

function refusalIn(state: BrokerState, reason: string): PublishOutcome | null {
  if (state === 'ready') return null;
  const why = state === 'blocked' ? `the broker takes no messages now: ${reason}` : reason || NOT_YET;
  return { status: 'unreachable', reason: why };
}

/** On a channel of its own: asking for a queue that is not there closes it. */
async function inspectOn(model: ChannelModel, queue: string): Promise<QueueState | null> {
  try {
    const channel = await model.createChannel();
    channel.on('error', () => {});
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    await channel.close();
    return {
      ready: messageCount,
      consumers: consumerCount,
      unacknowledged: null,
      publishRate: null,
      deliverRate: null,
    };
  } catch {
    return null;
  }
}
