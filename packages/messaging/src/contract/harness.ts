import type { Broker } from '../broker.ts';

/** What an adapter gives to be held to the contract: a broker, and the power to end it without warning. */
export interface BrokerHarness extends AsyncDisposable {
  /** Ready. Ask again after `crash` or `restart`: it may be another object. */
  broker(): Broker;
  /** The process that holds `broker()` dies as by SIGKILL, and another takes its place. */
  crash(): Promise<void>;
  /** The broker itself dies as by SIGKILL and starts again on the same data; clients come back. */
  restart(): Promise<void>;
  /** How long a property waits for what it expects; a broken broker costs this much time. */
  readonly patienceMs: number;
}

export type CreateBrokerHarness = () => Promise<BrokerHarness>;

/** One promise of the `Broker` port: `run` throws when the broker does not keep it. */
export interface BrokerProperty {
  /** A sentence about behaviour. */
  readonly title: string;
  readonly run: (harness: BrokerHarness) => Promise<void>;
  /** Brokers that break this promise, each in one way; `run` has to throw on every one of them. */
  readonly broken: Readonly<Record<string, (good: Broker) => Broker>>;
}

/** The same harness with a broker that is broken in one way, before and after every crash. */
export function breakHarness(
  harness: BrokerHarness,
  breakBroker: (good: Broker) => Broker,
  patienceMs: number,
): BrokerHarness {
  let good = harness.broker();
  let broken = breakBroker(good);
  return {
    broker() {
      if (harness.broker() !== good) {
        good = harness.broker();
        broken = breakBroker(good);
      }
      return broken;
    },
    crash: () => harness.crash(),
    restart: () => harness.restart(),
    patienceMs,
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}
