import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { LogLevel } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';
import type { OpenThreadChannel, ThreadChannel } from '@tracepost/telemetry/thread';
import type { AgentDescription, AttemptControls, AttemptOutcome, AttemptServices, ReceivedAttempt } from '../runner.ts';
import type { AgentModule } from './agent-module.ts';
import { HostedRun } from './hosted-run.ts';
import { fromPlainError, toPlainError } from './plain-error.ts';
import { Pulse } from './pulse.ts';
import type { FromThread, PlainOutcome, ThreadData, ToThread } from './thread-messages.ts';

export interface ThreadSettings {
  /** JavaScript heap of a thread, MiB; past it the thread ends as `out_of_memory`. */
  readonly heapLimitMb: number;
  /** What its buffers may hold beside the heap, MiB; looked at twice a second while attempts run. */
  readonly bufferLimitMb: number;
  /** How long its event loop may stand still, while attempts run, before that is told. */
  readonly stallMs: number;
}

export interface AgentThreadOptions {
  readonly module: AgentModule;
  readonly settings: ThreadSettings;
  /** The host's; the thread makes one of its own under the same service name. */
  readonly telemetry: Telemetry;
  readonly terminalLevel: LogLevel | 'silent';
  readonly openChannel: OpenThreadChannel;
}

/** How a thread ended; `running` names the notification types of the attempts in it. `closed`: it was asked to. */
export interface ThreadEnd {
  readonly reason: 'closed' | 'process_exit' | 'uncaught_exception' | 'out_of_memory' | 'unresponsive';
  readonly message: string;
  readonly running: readonly string[];
  readonly livedMs: number;
}

/** More would be most of what an idle thread holds. */
const YOUNG_GENERATION_MB = 8;
const START_WITHIN_MS = 30_000;
const ABORTED_WITHIN_MS = 500;
const CLOSED_WITHIN_MS = 1_000;
/** A loop that is asked at the end of an attempt's time. */
const ANSWER_WITHIN_MS = 500;
/** The loop turns, and yet there is no outcome: a large result is being kept. */
const LATE_OUTCOME_WITHIN_MS = 10_000;
/** A thread that hangs in native code ends when that returns; nobody waits for it. */
const EXIT_WITHIN_MS = 1_000;
const MEMORY_EVERY_MS = 500;
const MEBIBYTE = 1024 * 1024;

/** One worker thread that runs attempts, from its start to its one end, whatever that is. */
export class AgentThread {
  /** The agents of its module; rejects when it does not get ready, and the thread has ended then. */
  readonly ready: Promise<readonly AgentDescription[]>;
  readonly ended: Promise<ThreadEnd>;
  readonly #options: AgentThreadOptions;
  readonly #worker: Worker;
  readonly #channel: ThreadChannel;
  readonly #startedOn = performance.now();
  readonly #runs = new Map<number, HostedRun>();
  /** Attempts that are over while their handlers go on. */
  readonly #leftBehind = new Set<number>();
  /** Of those that run and of those left behind: an effect that ends late is still noted. */
  readonly #services = new Map<number, AttemptServices>();
  readonly #pulse: Pulse;
  readonly #whenReady = Promise.withResolvers<readonly AgentDescription[]>();
  readonly #whenEnded = Promise.withResolvers<ThreadEnd>();
  readonly #whenClosed = Promise.withResolvers<void>();
  #agentId = '';
  #stalledBy = '';
  #cause: Pick<ThreadEnd, 'reason' | 'message'> | null = null;
  #isReady = false;
  #hasEnded = false;
  #lastNumber = 0;
  #memoryTimer: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: AgentThreadOptions) {
    this.#options = options;
    this.ready = this.#whenReady.promise;
    this.ended = this.#whenEnded.promise;
    // Whoever closes a thread that was still starting does not care.
    this.ready.catch(() => {});
    this.#channel = options.openChannel();
    this.#worker = this.#start();
    this.#pulse = new Pulse({
      ask: () => this.#tell({ kind: 'ping' }),
      stallMs: options.settings.stallMs,
      onStall: (silentMs) => this.#tellStall(silentMs),
      onBack: (silentMs) => this.#tellBack(silentMs),
    });
    const late = setTimeout(
      () => this.#kill('unresponsive', `it was not ready within ${START_WITHIN_MS} ms`),
      START_WITHIN_MS,
    );
    this.ready.finally(() => clearTimeout(late)).catch(() => {});
  }

  /** Or is about to: nothing can run in it any more. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#cause !== null || this.#closing !== null;
  }

  /** True while a handler goes on whose attempt is over: what it does next may end the thread. */
  get hasLeftovers(): boolean {
    return this.#leftBehind.size > 0;
  }

  /** To be called when it is ready and has not ended. Never rejects. */
  run(agent: AgentDescription, received: ReceivedAttempt, controls: AttemptControls): Promise<AttemptOutcome> {
    const number = ++this.#lastNumber;
    const { notification } = received;
    const { traceId, spanId, traceFlags, traceState } = received.span.spanContext();
    this.#agentId = agent.id;
    const run = new HostedRun({
      number,
      received,
      controls,
      timeoutMs: notification.timeoutMs ?? agent.timeoutMs,
      onAbort: (cancelledBy) => this.#tell({ kind: 'abort', run: number, cancelledBy }),
      onOverdue: (overdue, verdict) => void this.#judge(overdue, verdict),
    });
    this.#runs.set(number, run);
    this.#services.set(number, controls.services);
    this.#pulse.start();
    this.#memoryTimer ??= setInterval(() => void this.#checkMemory(), MEMORY_EVERY_MS).unref();
    const parent = { traceId, spanId, traceFlags, traceState: traceState?.serialize() ?? null };
    this.#tell({ kind: 'run', run: number, agentId: agent.id, notification, parent });
    return run.outcome;
  }

  /** Aborts what runs, lets agents end what they hold, and ends the thread; about a second at most for each. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#hasEnded) return;
    if (this.#isReady) {
      const outcomes = [...this.#runs.values()].map((run) => run.outcome);
      for (const number of this.#runs.keys()) this.#tell({ kind: 'abort', run: number, cancelledBy: null });
      await within(ABORTED_WITHIN_MS, Promise.all(outcomes));
      this.#tell({ kind: 'close' });
      await within(CLOSED_WITHIN_MS, Promise.race([this.#whenClosed.promise, this.ended]));
    }
    this.#kill('closed', 'it was closed');
    await this.ended;
  }

  #start(): Worker {
    const { module, settings, telemetry, terminalLevel } = this.#options;
    const workerData: ThreadData = {
      module: { url: module.url.href, exportName: module.exportName, data: module.data },
      serviceName: telemetry.serviceName,
      terminalLevel,
      signals: this.#channel.data,
    };
    const worker = new Worker(new URL('./thread-main.ts', import.meta.url), {
      name: 'agent',
      workerData,
      transferList: [...this.#channel.transferList],
      // Not the process's own: the preloaded telemetry would start a second SDK in here.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: settings.heapLimitMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    worker.on('message', (message: FromThread) => this.#take(message));
    worker.on('error', (error: unknown) => {
      const { message, code } = toPlainError(error);
      if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
        this.#cause ??= { reason: 'out_of_memory', message: `its heap grew past ${settings.heapLimitMb} MiB` };
      } else {
        this.#cause ??= { reason: 'uncaught_exception', message: `an error that nobody caught: ${message}` };
      }
    });
    worker.on('exit', (code) => {
      this.#cause ??= { reason: 'process_exit', message: `process.exit(${code}) was called` };
      this.#finish();
    });
    return worker;
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        this.#whenReady.resolve(message.agents);
        break;
      case 'not_ready':
        this.#whenReady.reject(fromPlainError(message.error));
        this.#kill('closed', 'it could not start');
        break;
      case 'pong':
        this.#pulse.answered();
        break;
      case 'closed':
        this.#whenClosed.resolve();
        break;
      case 'settled':
        this.#leftBehind.delete(message.run);
        this.#services.delete(message.run);
        break;
      case 'step':
        this.#runs.get(message.run)?.controls.services.tellStep(message.step);
        break;
      case 'call':
        void this.#answer(message);
        break;
      case 'outcome':
        if (message.isLeftBehind) this.#leftBehind.add(message.run);
        else {
          this.#leftBehind.delete(message.run);
          this.#services.delete(message.run);
        }
        this.#end(message.run, readOutcome(message.outcome));
    }
  }

  #end(number: number, outcome: AttemptOutcome): void {
    this.#runs.get(number)?.end(outcome);
    this.#runs.delete(number);
    if (this.#runs.size > 0) return;
    this.#pulse.stop();
    if (this.#memoryTimer) clearInterval(this.#memoryTimer);
    this.#memoryTimer = null;
  }

  async #answer(question: Extract<FromThread, { kind: 'call' }>): Promise<void> {
    const { call } = question;
    try {
      const services = this.#services.get(question.run);
      if (!services) throw new Error('the attempt is over');
      const value = await askService(services, question);
      this.#tell({ kind: 'answer', call, value });
    } catch (error) {
      this.#tell({ kind: 'refusal', call, error: toPlainError(error) });
    }
  }

  /** Its time is over. A loop that stands still would never say so, and holds up all the others. */
  async #judge(run: HostedRun, verdict: AttemptOutcome): Promise<void> {
    const isAlive = await this.#pulse.probe(ANSWER_WITHIN_MS);
    if (run.isOver) return;
    run.verdict = verdict;
    if (!isAlive) return this.#kill('unresponsive', `its event loop stood still at the end of ${run.notificationType}`);
    await sleep(LATE_OUTCOME_WITHIN_MS, undefined, { ref: false });
    if (run.isOver) return;
    this.#leftBehind.add(run.number);
    this.#end(run.number, verdict);
  }

  async #checkMemory(): Promise<void> {
    const { bufferLimitMb } = this.#options.settings;
    // Rejects when the thread ends meanwhile, which is told elsewhere.
    const statistics = await this.#worker.getHeapStatistics().catch(() => null);
    if (statistics === null || statistics.external_memory <= bufferLimitMb * MEBIBYTE) return;
    this.#kill('out_of_memory', `its buffers grew past ${bufferLimitMb} MiB`);
  }

  #kill(reason: ThreadEnd['reason'], message: string): void {
    this.#cause ??= { reason, message };
    void this.#worker.terminate();
    setTimeout(() => this.#finish(), EXIT_WITHIN_MS).unref();
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { reason, message } = this.#cause ?? { reason: 'closed', message: 'it ended' };
    const runs = [...this.#runs.values()];
    const isAlone = runs.length === 1 && this.#leftBehind.size === 0;
    this.#whenReady.reject(new Error(`its thread ended before it was ready: ${message}`));
    for (const run of runs) {
      const crashed: AttemptOutcome = {
        status: 'crashed',
        error: { code: 'worker_crashed', message: `the thread that it ran in ended (${reason}): ${message}` },
        isAlone,
      };
      this.#end(run.number, run.verdict ?? (reason === 'closed' ? { status: 'stopped' } : crashed));
    }
    this.#channel.close();
    const running = [...new Set(runs.map((run) => run.notificationType))];
    this.#whenEnded.resolve({ reason, message, running, livedMs: performance.now() - this.#startedOn });
  }

  #tellStall(silentMs: number): void {
    const { logger, metrics } = this.#options.telemetry;
    const handlers = this.#handlers();
    this.#stalledBy = handlers;
    metrics.add('tracepost.agent.thread.stalls', 1, { 'tracepost.agent.id': this.#agentId });
    logger.warn(
      {
        layer: 'agent',
        phase: 'hop',
        hopName: 'attempt',
        hopResult: 'stalled',
        result: 'error',
        agentId: this.#agentId,
        handlers,
        durationMs: Math.round(silentMs),
      },
      `agent ${this.#agentId} is held up: its event loop stands still while ${handlers} runs`,
    );
  }

  #tellBack(silentMs: number): void {
    this.#options.telemetry.logger.info(
      {
        layer: 'agent',
        phase: 'hop',
        hopName: 'attempt',
        hopResult: 'stall_over',
        result: 'partial',
        agentId: this.#agentId,
        handlers: this.#stalledBy,
        durationMs: Math.round(silentMs),
      },
      `the event loop of agent ${this.#agentId} turns again`,
    );
  }

  #handlers(): string {
    return [...new Set([...this.#runs.values()].map((run) => run.notificationType))].join(', ');
  }
}

function askService(services: AttemptServices, question: Extract<FromThread, { kind: 'call' }>): Promise<unknown> {
  if (question.method === 'beginEffect') return services.beginEffect(question.effect);
  if (question.method === 'endEffect') return services.endEffect(question.effect);
  return services.forgetEffect(question.effect);
}

function readOutcome(outcome: PlainOutcome): AttemptOutcome {
  if (outcome.status !== 'succeeded') return outcome;
  const { json, ...rest } = outcome;
  return { ...rest, result: JSON.parse(json) as unknown };
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
}
