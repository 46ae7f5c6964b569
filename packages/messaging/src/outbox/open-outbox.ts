import { setTimeout as sleep } from 'node:timers/promises';
import { SqliteUnavailableError } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';
import type { Broker, OutgoingMessage } from '../broker.ts';
import { settlesWithin } from '../rabbitmq/deadline.ts';
import { createDrain, type Drain } from './drain.ts';
import type { Entry, Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { type OpenedFile, openWholeFile } from './open-whole-file.ts';
import type { KeepOutcome, Outbox, OutboxView, Place, SendOutcome } from './outbox.ts';
import { type IndexRow, needsReopening, type OutboxFile } from './outbox-file.ts';
import { encodeRow, type Row, rowBytes } from './row.ts';

export interface OutboxOptions {
  /** The file; nobody else can have it open. */
  readonly path: string;
  /** Left open when the outbox is closed. */
  readonly broker: Broker;
  readonly telemetry: Pick<Telemetry, 'logger' | 'metrics'>;
  /** Most messages that wait; default 100,000. */
  readonly maxMessages?: number;
  /** Most bytes that wait; default 256 MiB. The file may take half as much again. */
  readonly maxBytes?: number;
}

const MAX_MESSAGES = 100_000;
const MAX_BYTES = 256 * 1024 * 1024;
/** A disk that says nothing for so long is told as one that cannot be written. */
const WRITE_TIMEOUT_MS = 5_000;
const REOPEN_PAUSE_MS = 1_000;
const PROBE_PAUSE_MS = 1_000;
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Resolves with everything that an earlier process left, which goes out as soon as the broker is there. Rejects with
 * `CannotOpenError` of `@tracepost/sqlite` when the file is in use, not permitted, or of a newer version; a damaged one is set aside.
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const opened = await openWholeFile(options.path);
  try {
    return new FileOutbox(options, opened, await opened.file.index());
  } catch (error) {
    await opened.file.close();
    throw error;
  }
}

const STORED: KeepOutcome = { status: 'stored' };

class FileOutbox implements Outbox {
  readonly #options: OutboxOptions;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #stopping = new AbortController();
  readonly #stopObserving: readonly (() => void)[];
  #file: OutboxFile;
  #lanes = new Lanes();
  #drain: Drain;
  #nextSequence = 1;
  /** Confirmed, but still on the disk: a try to remove them failed. */
  #leftOver: number[] = [];
  #damaged = 0;
  #fault: string | null = null;
  #reopening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #probing: NodeJS.Timeout | undefined;

  constructor(options: OutboxOptions, opened: OpenedFile, index: readonly IndexRow[]) {
    this.#options = options;
    this.#maxMessages = options.maxMessages ?? MAX_MESSAGES;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#file = opened.file;
    this.#drain = this.#take(opened, index);
    const { metrics } = options.telemetry;
    this.#stopObserving = [
      metrics.observe('tracepost.outbox.messages', () => [{ value: this.#lanes.messages }]),
      metrics.observe('tracepost.outbox.size', () => [{ value: this.#lanes.bytes }]),
      metrics.observe('tracepost.outbox.oldest.age', () => [{ value: this.read().oldestMs / 1_000 }]),
    ];
  }

  async send(message: OutgoingMessage, { agentId }: { readonly agentId: string }): Promise<SendOutcome> {
    const turn = this.takeTurn(agentId);
    if (turn === null) return this.keep(message, { agentId, turn, isUncertain: false });
    const outcome = await this.#options.broker.publish(message);
    if (outcome.status !== 'unreachable' && outcome.status !== 'unconfirmed') return outcome;
    return this.keep(message, { agentId, turn, isUncertain: outcome.status === 'unconfirmed' });
  }

  /** On the path of every message: one look into a map. */
  takeTurn(agentId: string): number | null {
    return this.#lanes.find(agentId) === undefined ? this.#nextSequence++ : null;
  }

  async keep(message: OutgoingMessage, { agentId, turn, isUncertain }: Place): Promise<KeepOutcome> {
    if (this.#closing) return this.#refuse('unavailable', 'the outbox is closed', isUncertain);
    if (this.#reopening) return this.#refuse('unavailable', this.#fault ?? 'it is being opened again', isUncertain);
    const row = encodeRow(message, { sequence: turn ?? this.#nextSequence++, agentId, sentAtMs: Date.now() });
    const bytes = rowBytes(row);
    const lanes = this.#lanes;
    if (lanes.messages >= this.#maxMessages || lanes.bytes + bytes > this.#maxBytes) {
      return this.#refuse('full', `${lanes.messages} messages of ${lanes.bytes} bytes wait already`, isUncertain);
    }
    const entry: Entry = { sequence: row.sequence, bytes, sentAtMs: row.sentAtMs, state: 'being written' };
    const isNew = lanes.find(agentId) === undefined;
    const lane = lanes.add(agentId, entry);
    if (isNew) this.#drain.start(lane);
    return this.#write(row, { lanes, lane, entry, isUncertain });
  }

  read(): OutboxView {
    const oldestAtMs = this.#lanes.oldestAtMs();
    return {
      messages: this.#lanes.messages,
      maxMessages: this.#maxMessages,
      bytes: this.#lanes.bytes,
      maxBytes: this.#maxBytes,
      oldestMs: oldestAtMs === null ? 0 : Math.max(0, Date.now() - oldestAtMs),
      fault: this.#fault,
      damaged: this.#damaged,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#probing);
    for (const stop of this.#stopObserving) stop();
    await this.#reopening;
    // Who waits for a confirm has it on the disk, and it goes out again after the next opening.
    await Promise.race([this.#drain.stop(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    await this.#removeLeftOver();
    await this.#file.close();
  }

  async #write(
    row: Row,
    { lanes, lane, entry, isUncertain }: { lanes: Lanes; lane: Lane; entry: Entry; isUncertain: boolean },
  ): Promise<KeepOutcome> {
    const written = this.#file.insert([row]).then(
      () => {
        lane.markStored(entry);
        this.#fault = null;
        return null;
      },
      (error: Error) => {
        lanes.remove(lane, entry);
        this.#onFileError(error);
        return error;
      },
    );
    const isLate = !(await settlesWithin(written, WRITE_TIMEOUT_MS));
    const failure = isLate ? new Error(`the disk said nothing for ${WRITE_TIMEOUT_MS} ms`) : await written;
    if (failure === null) {
      this.#count('stored');
      return STORED;
    }
    // Late, or its thread died: it may lie on the disk all the same.
    const mayBeThere = isLate || failure instanceof SqliteUnavailableError;
    return this.#refuse('unavailable', failure.message, isUncertain || mayBeThere);
  }

  #refuse(status: 'full' | 'unavailable', reason: string, isUncertain: boolean): KeepOutcome {
    this.#count(status);
    return { status, reason, isUncertain };
  }

  #count(outcome: 'stored' | 'published' | 'full' | 'unavailable' | 'damaged', value = 1): void {
    this.#options.telemetry.metrics.add('tracepost.outbox.outcomes', value, { 'tracepost.outcome': outcome });
  }

  /** Makes what lies in the file what waits, and begins to send it. */
  #take({ file, setAside }: OpenedFile, index: readonly IndexRow[]): Drain {
    const { broker, telemetry } = this.#options;
    this.#file = file;
    const lanes = new Lanes();
    this.#lanes = lanes;
    this.#drain = createDrain({
      broker,
      file,
      lanes,
      telemetry,
      onPublished: (sequences) => void this.#onPublished(sequences),
      onDamaged: (lane, entry) => this.#onDamaged(lanes, lane, entry),
      onFileError: (error) => this.#onFileError(error),
    });
    const delivered = new Set(this.#leftOver);
    for (const { sequence, agentId, sentAtMs, bytes } of index) {
      if (delivered.has(sequence)) continue;
      lanes.add(agentId, { sequence, bytes, sentAtMs, state: 'stored' });
      this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);
    }
    for (const lane of lanes) this.#drain.start(lane);
    this.#fault = null;
    const { logger } = telemetry;
    if (setAside) {
      this.#damaged += 1;
      this.#count('damaged');
      logger.error(
        { layer: 'queue', result: 'error', ...setAside },
        `The outbox was damaged and lies at ${setAside.path} now; ${setAside.saved} of its messages could be read and go out, all others in it are lost`,
      );
    }
    if (index.length > 0) {
      logger.info(
        { layer: 'queue', phase: 'start', messages: index.length },
        `${index.length} messages wait in the outbox`,
      );
    }
    return this.#drain;
  }

  async #onPublished(sequences: readonly number[]): Promise<void> {
    this.#count('published', sequences.length);
    this.#leftOver.push(...sequences);
    await this.#removeLeftOver();
  }

  /** What cannot be removed now is removed with the next ones; after a restart it would go out once more. */
  async #removeLeftOver(): Promise<void> {
    const sequences = this.#leftOver;
    if (sequences.length === 0) return;
    this.#leftOver = [];
    try {
      await this.#file.remove(sequences);
    } catch (error) {
      this.#leftOver.push(...sequences);
      this.#onFileError(error);
    }
  }

  #onDamaged(lanes: Lanes, lane: Lane, entry: Entry): void {
    lanes.remove(lane, entry);
    this.#damaged += 1;
    this.#count('damaged');
    this.#options.telemetry.logger.error(
      { layer: 'queue', result: 'error', agentId: lane.agentId, sequence: entry.sequence },
      'A message in the outbox is not what was written: it stays in the file and cannot be delivered',
    );
  }

  #onFileError(error: unknown): void {
    if (this.#closing) return;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#fault === null) {
      const message = 'The outbox cannot be written: what the broker does not take is refused';
      this.#options.telemetry.logger.error({ layer: 'queue', result: 'error', error }, message);
    }
    this.#fault = reason;
    if (needsReopening(error)) this.#reopening ??= this.#reopen().finally(() => (this.#reopening = null));
    else this.#probeLater();
  }

  /** Finds out when writing works again, also when nobody has anything to store. */
  #probeLater(): void {
    this.#probing ??= setTimeout(async () => {
      this.#probing = undefined;
      if (this.#closing || this.#reopening || this.#fault === null) return;
      try {
        await this.#file.probe();
        this.#fault = null;
      } catch (error) {
        this.#onFileError(error);
      }
    }, PROBE_PAUSE_MS);
  }

  async #reopen(): Promise<void> {
    const { signal } = this.#stopping;
    // Its lanes end where they are; whatever they still bring to the broker goes out once more.
    void this.#drain.stop();
    await this.#file.close();
    while (!signal.aborted) {
      try {
        const opened = await openWholeFile(this.#options.path);
        this.#take(opened, await opened.file.index());
        return;
      } catch (error) {
        this.#fault = error instanceof Error ? error.message : String(error);
        await sleep(REOPEN_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
