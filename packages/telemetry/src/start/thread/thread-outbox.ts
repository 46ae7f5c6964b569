import type { MessagePort } from 'node:worker_threads';
import type { Refusal, SignalName } from '@tracepost/contracts';
import type { Measurement, ThreadLog, ThreadSignals, ThreadSpan } from './thread-signals.ts';

interface Waiting {
  readonly spans: ThreadSpan[];
  readonly logs: ThreadLog[];
  readonly measurements: Measurement[];
}

/** Characters, roughly, that may be on their way to the process; past it what is new is lost, and counted. */
const MOST_UNDER_WAY = 8 * 1024 * 1024;
const WEIGHT_OF_ANYTHING = 256;

/**
 * Takes a thread's signals to the process. What belongs to one turn of the event loop leaves together, and a log line leaves at
 * once with all before it: it may be the last word before the thread dies. The process takes off `underWay` what has arrived, in memory
 * that both see, so that a loop that never gives the thread a turn is bounded too.
 */
export class ThreadOutbox {
  readonly #port: MessagePort;
  readonly #underWay: Int32Array;
  #lost: Refusal[] = [];
  #waiting = nothing();
  #weight = 0;
  #isDue = false;

  constructor(port: MessagePort, underWay: SharedArrayBuffer) {
    this.#port = port;
    this.#underWay = new Int32Array(underWay);
  }

  addSpan(span: ThreadSpan): void {
    if (this.#hasRoom('spans', weigh(span.attributes))) this.#waiting.spans.push(span);
  }

  addLog(log: ThreadLog): void {
    if (!this.#hasRoom('logs', weigh(log.attributes) + (typeof log.body === 'string' ? log.body.length : 0))) return;
    this.#waiting.logs.push(log);
    this.flush();
  }

  addMeasurement(measurement: Measurement): void {
    if (this.#hasRoom('metrics', weigh(measurement.attributes))) this.#waiting.measurements.push(measurement);
  }

  flush(): void {
    this.#isDue = false;
    const lost = this.#lost;
    if (this.#weight === 0 && lost.length === 0) return;
    const waiting = this.#waiting;
    const weight = this.#weight;
    this.#waiting = nothing();
    this.#weight = 0;
    if (this.#post({ ...waiting, lost, weight })) this.#lost = [];
    else this.#postOneByOne(waiting);
  }

  #hasRoom(signal: SignalName, weight: number): boolean {
    const needed = weight + WEIGHT_OF_ANYTHING;
    if (Atomics.load(this.#underWay, 0) + this.#weight + needed > MOST_UNDER_WAY) {
      this.#lose(signal, 'queue_full');
      return false;
    }
    this.#weight += needed;
    if (!this.#isDue) {
      this.#isDue = true;
      queueMicrotask(() => this.flush());
    }
    return true;
  }

  /** Something in it is no plain data: the rest shall arrive all the same. */
  #postOneByOne({ spans, logs, measurements }: Waiting): void {
    const post = (signal: SignalName, part: Partial<Waiting>): void => {
      if (!this.#post({ ...nothing(), ...part, lost: [], weight: WEIGHT_OF_ANYTHING })) {
        this.#lose(signal, 'unreadable');
      }
    };
    for (const span of spans) post('spans', { spans: [span] });
    for (const log of logs) post('logs', { logs: [log] });
    for (const measurement of measurements) post('metrics', { measurements: [measurement] });
  }

  /** Told with the next signals. */
  #lose(signal: SignalName, reason: string): void {
    const known = this.#lost.findIndex((loss) => loss.signal === signal && loss.reason === reason);
    const count = (this.#lost[known]?.count ?? 0) + 1;
    this.#lost = [...this.#lost.filter((_, at) => at !== known), { signal, reason, count }];
  }

  #post(signals: ThreadSignals): boolean {
    Atomics.add(this.#underWay, 0, signals.weight);
    try {
      this.#port.postMessage(signals);
      return true;
    } catch {
      Atomics.sub(this.#underWay, 0, signals.weight);
      return false;
    }
  }
}

function nothing(): Waiting {
  return { spans: [], logs: [], measurements: [] };
}

function weigh(attributes: object): number {
  let weight = 0;
  for (const value of Object.values(attributes)) weight += typeof value === 'string' ? value.length : 8;
  return weight;
}
