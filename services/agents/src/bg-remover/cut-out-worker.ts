import { Worker } from 'node:worker_threads';
import type { WorkerReply, WorkerRequest } from './worker-messages.ts';

export type WorkerOutcome =
  | { readonly status: 'done'; readonly reply: WorkerReply }
  | { readonly status: 'aborted' }
  | { readonly status: 'failed'; readonly reason: string };

/**
 * One thread that cuts out one image at a time. It starts with the first image, stays warm between images without keeping the process
 * alive, and is thrown away when an image overruns or breaks it: the next image starts a new one.
 */
export class CutOutWorker {
  readonly #heapLimitMb: number;
  #thread: Worker | null = null;

  constructor(heapLimitMb: number) {
    this.#heapLimitMb = heapLimitMb;
  }

  async run({ request }: WorkerRequest, signal: AbortSignal): Promise<WorkerOutcome> {
    if (signal.aborted) return { status: 'aborted' };
    this.#thread ??= this.#start();
    const thread = this.#thread;
    thread.ref();
    const outcome = await replyOf(thread, signal, () => thread.postMessage({ request }, [request.rgba.buffer]));
    if (outcome.status === 'done') thread.unref();
    else await this.close();
    return outcome;
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'bg-remover',
      // Not the process's own: a preloaded telemetry SDK would start a second time in here.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: this.#heapLimitMb },
    });
    // Between images nobody else listens, and an error without a listener would end the process.
    thread.on('error', () => this.#forget(thread));
    thread.on('exit', () => this.#forget(thread));
    return thread;
  }

  #forget(thread: Worker): void {
    if (this.#thread === thread) this.#thread = null;
  }
}

function replyOf(thread: Worker, signal: AbortSignal, ask: () => void): Promise<WorkerOutcome> {
  return new Promise((resolve) => {
    const end = (outcome: WorkerOutcome): void => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const onMessage = (reply: WorkerReply): void => end({ status: 'done', reply });
    const onError = (error: unknown): void => end({ status: 'failed', reason: describe(error) });
    const onExit = (code: number): void => end({ status: 'failed', reason: `its thread ended with code ${code}` });
    const onAbort = (): void => end({ status: 'aborted' });
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    ask();
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : `OpenCV gave up (${String(error)})`;
}
