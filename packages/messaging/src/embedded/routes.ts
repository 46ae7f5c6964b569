import type { Statement } from '@tracepost/sqlite';
import { type BindingSpec, type ExchangeSpec, type QueueSpec, type Topology, TopologyRefusedError } from '../broker.ts';
import { matchesTopic } from './topic-match.ts';

/** Routing keys are few (agent and kind of event); foreign ones must not fill the memory. */
const REMEMBERED_ROUTES = 4_096;

/** Which exchanges, queues and bindings there are, and where a message goes. Knows names only. */
export class Routes {
  readonly #exchanges = new Map<string, ExchangeSpec>();
  readonly #queues = new Map<string, QueueSpec>();
  readonly #bindings = new Map<string, BindingSpec>();
  readonly #remembered = new Map<string, readonly string[]>();

  add({ exchanges = [], queues = [], bindings = [] }: Topology): void {
    for (const exchange of exchanges) this.#exchanges.set(exchange.name, exchange);
    for (const queue of queues) this.#queues.set(queue.name, queue);
    for (const binding of bindings) this.#bindings.set(bindingKey(binding), binding);
    this.#remembered.clear();
  }

  kindOf(queue: string): QueueSpec['kind'] | undefined {
    return this.#queues.get(queue)?.kind;
  }

  /** Names of the queues, each once; null when there is no such exchange. */
  route(exchange: string, key: string): readonly string[] | null {
    if (exchange === '') return this.#queues.has(key) ? [key] : [];
    const known = this.#exchanges.get(exchange);
    if (!known) return null;
    const place = JSON.stringify([exchange, key]);
    const remembered = this.#remembered.get(place);
    if (remembered) return remembered;
    const queues = this.#match(known, key);
    if (this.#remembered.size >= REMEMBERED_ROUTES) this.#remembered.clear();
    this.#remembered.set(place, queues);
    return queues;
  }

  /** What of it is not there yet. Throws `TopologyRefusedError` when it contradicts what is there. */
  missing({ exchanges = [], queues = [], bindings = [] }: Topology): Required<Topology> {
    for (const exchange of exchanges) refuseOther('exchange', this.#exchanges.get(exchange.name), exchange);
    for (const queue of queues) refuseOther('queue', this.#queues.get(queue.name), queue);
    for (const { queue, exchange } of bindings) {
      if (!this.#queues.has(queue) && !queues.some(({ name }) => name === queue)) throw noSuch('queue', queue);
      if (!this.#exchanges.has(exchange) && !exchanges.some(({ name }) => name === exchange)) {
        throw noSuch('exchange', exchange);
      }
    }
    return {
      exchanges: exchanges.filter(({ name }) => !this.#exchanges.has(name)),
      queues: queues.filter(({ name }) => !this.#queues.has(name)),
      bindings: bindings.filter((binding) => !this.#bindings.has(bindingKey(binding))),
    };
  }

  #match({ name, type }: ExchangeSpec, key: string): readonly string[] {
    const queues = new Set<string>();
    for (const binding of this.#bindings.values()) {
      if (binding.exchange !== name) continue;
      if (type === 'direct' ? binding.key === key : matchesTopic(binding.key, key)) queues.add(binding.queue);
    }
    return [...queues];
  }
}

/** Statements that write the durable part down; transient queues and their bindings are left out. */
export function topologyStatements({ exchanges, queues, bindings }: Required<Topology>, routes: Routes): Statement[] {
  const transient = new Set(queues.filter(({ kind }) => kind === 'transient').map(({ name }) => name));
  const durable = bindings.filter(({ queue }) => !transient.has(queue) && routes.kindOf(queue) !== 'transient');
  return [
    {
      sql: 'INSERT OR IGNORE INTO exchange (name, type) VALUES (?, ?)',
      batch: exchanges.map(({ name, type }) => [name, type]),
    },
    {
      // One that is there already is one whose description was lost: it keeps its id, and so what is in it.
      sql: `INSERT INTO queue (name, arguments) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET arguments = excluded.arguments RETURNING id, name`,
      batch: queues.filter(({ kind }) => kind === 'durable').map((queue) => [queue.name, JSON.stringify(queue)]),
    },
    {
      sql: 'INSERT OR IGNORE INTO binding (queue, exchange, key) VALUES (?, ?, ?)',
      batch: durable.map(({ queue, exchange, key }) => [queue, exchange, key]),
    },
  ];
}

function bindingKey({ queue, exchange, key }: BindingSpec): string {
  return JSON.stringify([queue, exchange, key]);
}

function refuseOther<T extends ExchangeSpec | QueueSpec>(what: string, known: T | undefined, wanted: T): void {
  if (!known || canonical(known) === canonical(wanted)) return;
  throw new TopologyRefusedError(
    `The ${what} ${wanted.name} exists as ${canonical(known)} and was declared as ${canonical(wanted)}.`,
  );
}

function canonical(spec: object): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(spec)
        .filter(([, value]) => value !== undefined)
        .sort(),
    ),
  );
}

function noSuch(what: string, name: string): TopologyRefusedError {
  return new TopologyRefusedError(`There is no ${what} ${name} to bind to.`);
}
