import { setTimeout as sleep } from 'node:timers/promises';
import type { ImportFormat, NotifyAccepted, SessionImport, TaskRecord } from '@tracepost/contracts';
import type { CommandContext } from '../command.ts';
import { CommandFailure } from '../failures.ts';
import { WAIT_AT_MOST_MS, waitForTask } from '../wait-for-task.ts';
import { byEventFolder, EventBundle, type EventFile, readEvent } from './event-folder.ts';
import type { ImportMemory } from './import-memory.ts';
import type { ImportTally } from './import-tally.ts';
import { openTranscriptFile, type TranscriptFile } from './transcript-file.ts';
import { hasKnownEnding, type Root, walkFiles } from './walk-files.ts';

export interface ImportOptions {
  readonly roots: readonly Root[];
  readonly format: ImportFormat | undefined;
  /** Sent again though this gateway has had it. */
  readonly isAgain: boolean;
  readonly memory: ImportMemory;
  /** What came of it, also when it ends half-way. */
  readonly tally: ImportTally;
  /** Told when a file begins and when it has ended. */
  readonly onFile: (path: string) => void;
}

interface Candidate {
  /** More than one: events of one session. */
  readonly paths: readonly [string, ...string[]];
  /** Somebody named this very file: that it is no transcript is a failure then. */
  readonly isNamed: boolean;
}

/** One is read while the other is sent. */
const AT_A_TIME = 2;
/** How long the gateway may be away or have no room: half a minute in all. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const UPLOAD_MS = 3_700_000;
/** What is wrong with one file; any other refusal would meet the next file too. */
const OF_ONE_FILE: ReadonlySet<string> = new Set([
  'BODY_TOO_LARGE',
  'IMPORT_FAILED',
  'INVALID_REQUEST',
  'MALFORMED_HTTP',
  'REQUEST_TIMEOUT',
  'UNKNOWN_FORMAT',
  'UNREADABLE',
]);

/**
 * Sends every transcript below the roots that the gateway has not had yet, two at a time, those with the endings of transcripts first. Throws
 * when going on makes no sense (nobody answers, no room is left, Ctrl-C); what was sent until then is remembered.
 */
export async function importFiles(context: CommandContext, options: ImportOptions): Promise<void> {
  const { tally } = options;
  const candidates = find(options.roots, tally);
  const work = async (): Promise<void> => {
    for (;;) {
      context.signal.throwIfAborted();
      const next = await candidates.next();
      if (next.done) return;
      const { paths, isNamed } = next.value;
      options.onFile(paths[0]);
      if (paths.length > 1) await importEvents(context, options, paths);
      else await importFile(context, options, { path: paths[0], isNamed });
      options.onFile(paths[0]);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: AT_A_TIME }, work));
  const failed = workers.find((worker) => worker.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Folders are walked twice: keeping the names of the files that are to come later would take memory without a limit. */
async function* find(roots: readonly Root[], tally: ImportTally): AsyncGenerator<Candidate> {
  for (const isFirst of [true, false]) {
    for (const { path, isFolder } of roots) {
      if (!isFolder) {
        if (isFirst) yield { paths: [path], isNamed: true };
        continue;
      }
      for await (const [first, ...others] of byEventFolder(filesBelow(path, isFirst, tally)))
        if (first !== undefined) yield { paths: [first, ...others], isNamed: false };
    }
  }
}

/** Those with the endings of transcripts, or the others; what cannot be taken is told once. */
async function* filesBelow(path: string, isFirst: boolean, tally: ImportTally): AsyncGenerator<string> {
  for await (const found of walkFiles(path)) {
    if (found.kind === 'refused') {
      if (!isFirst) continue;
      // Of a folder that was named itself nothing can be taken at all.
      if (found.path === path) tally.fail(path, 'unreadable', found.reason);
      else tally.leave(found.path, found.reason);
    } else if (hasKnownEnding(found.path) === isFirst) yield found.path;
  }
}

/** Events of one session, many at a time; what is none, or cannot be sent so, goes by itself. */
async function importEvents(context: CommandContext, options: ImportOptions, paths: readonly string[]): Promise<void> {
  const { memory, isAgain, tally } = options;
  const alone = (path: string): Promise<void> => importFile(context, options, { path, isNamed: false });
  const bundle = new EventBundle();
  const sendAll = async (): Promise<void> => {
    const events = bundle.take();
    if (events.length > 1 && (await sendEvents(context, options, events))) return;
    for (const { path } of events) await alone(path);
  };
  for (const path of paths) {
    context.signal.throwIfAborted();
    const event = await readEvent(path);
    const before = isAgain ? null : memory.find(path);
    if (event === null) await alone(path);
    else if (before?.outcome === 'taken' && before.sha256 === event.sha256) {
      tally.totals.files++;
      tally.totals.known++;
    } else {
      bundle.add(event);
      if (bundle.isFull) await sendAll();
    }
  }
  await sendAll();
}

/** False: they are no events together, or something is wrong with one of them. */
async function sendEvents(
  context: CommandContext,
  { memory, format, tally }: ImportOptions,
  events: readonly EventFile[],
): Promise<boolean> {
  // Under the name of the first of them, which says of which session they are and where they begin.
  const path = (events[0] as EventFile).path.replace(/\.json$/, '.jsonl');
  const file = {
    isGzip: false,
    fault: () => null,
    async *content() {
      for (const { line } of events) yield line;
    },
  };
  try {
    const result = await send(context, { path, file, format });
    tally.totals.files += events.length;
    tally.totals.sent += events.length;
    tally.take(path, result);
    for (const { path: one, size, mtimeNs, sha256 } of events) {
      tally.totals.sentBytes += size;
      memory.remember(one, { size, mtimeNs, sha256, outcome: 'taken' }, result.sessionIds[0] ?? null);
    }
    return true;
  } catch (error) {
    if (error instanceof CommandFailure && OF_ONE_FILE.has(error.reason)) return false;
    throw error;
  }
}

async function importFile(
  context: CommandContext,
  { memory, isAgain, format, tally }: ImportOptions,
  { path, isNamed }: { readonly path: string; readonly isNamed: boolean },
): Promise<void> {
  const { totals } = tally;
  const opened = await openTranscriptFile(path);
  if ('reason' in opened) {
    if (!isNamed) return tally.leave(path, opened.reason);
    totals.files++;
    return tally.fail(path, 'unreadable', opened.reason);
  }
  await using file = opened;
  totals.files++;
  const { size, mtimeNs } = file;
  const before = isAgain ? null : memory.find(path);
  if (before?.size === size) {
    const isSame = before.mtimeNs === mtimeNs || (await hashOf(file)) === before.sha256;
    if (isSame && !(isNamed && before.outcome === 'unknown_format')) {
      if (before.mtimeNs !== mtimeNs) memory.remember(path, { ...before, mtimeNs }, null);
      if (before.outcome === 'taken') totals.known++;
      else totals.notTranscripts++;
      return;
    }
  }
  // Each file that is sent is a task, and one that is refused a failed task: the hopeless ones stay here.
  if (!isNamed && (size === 0 || file.isBinary || !(file.beginsAsJson || hasKnownEnding(path)))) {
    totals.notTranscripts++;
    return;
  }
  try {
    const result = await send(context, { path, file, format });
    const sha256 = file.sha256();
    totals.sent++;
    totals.sentBytes += size;
    tally.take(path, result);
    // One that became shorter while it was read is another one the next time; one with a session that was refused is told of again.
    if (sha256 !== null && result.refusedCount === 0)
      memory.remember(path, { size, mtimeNs, sha256, outcome: 'taken' }, result.sessionIds[0] ?? null);
  } catch (error) {
    if (!(error instanceof CommandFailure) || !OF_ONE_FILE.has(error.reason)) throw error;
    const sha256 = file.sha256();
    if (error.reason !== 'UNKNOWN_FORMAT' || isNamed) tally.fail(path, error.reason, error.message);
    else {
      totals.notTranscripts++;
      if (sha256 !== null) memory.remember(path, { size, mtimeNs, sha256, outcome: 'unknown_format' }, null);
    }
  }
}

async function hashOf(file: TranscriptFile): Promise<string | null> {
  for await (const _ of file.content());
  return file.sha256();
}

interface Sending {
  readonly path: string;
  readonly file: Pick<TranscriptFile, 'isGzip' | 'content' | 'fault'>;
  readonly format: ImportFormat | undefined;
}

/** Tries again while that may help. */
async function send(context: CommandContext, sending: Sending): Promise<SessionImport> {
  for (const pauseMs of [...PAUSES_MS, null]) {
    try {
      return await sendOnce(context, sending);
    } catch (error) {
      const fault = sending.file.fault();
      if (fault !== null) throw new CommandFailure('UNREADABLE', fault, { cause: error });
      // Who was silent for so long has been waited for already.
      if (error instanceof CommandFailure && error.reason === 'no_answer') throw error;
      if (pauseMs === null || !(error instanceof CommandFailure) || !error.isRetryable) throw error;
      context.output.progress(`${error.message} Trying again.`);
      await sleep(pauseMs, undefined, { signal: context.signal }).catch(() => {});
      context.signal.throwIfAborted();
    }
  }
  throw new Error('unreachable: the last pause is null');
}

async function sendOnce(context: CommandContext, { path, file, format }: Sending): Promise<SessionImport> {
  const name = nameOf(path);
  const fileName = (file.isGzip ? name.replace(/\.gz$/i, '') : name.replace(/\.zst$/i, '')).slice(-255);
  const { status, body } = await context.api.upload<SessionImport | NotifyAccepted>('/api/v1/sessions/import', {
    query: { fileName: fileName.toWellFormed(), format },
    headers: { 'content-type': 'application/octet-stream', ...(file.isGzip ? { 'content-encoding': 'gzip' } : {}) },
    content: file.content(),
    timeoutMs: UPLOAD_MS,
  });
  // Both forms are the gateway's own; the status says which one it is.
  if (status === 200) return body as SessionImport;
  const { taskId } = body as NotifyAccepted;
  return resultOf(await waitForTask(context, { taskId, atMostMs: WAIT_AT_MOST_MS }));
}

/** Without folders, but where only they say which session it is (`the-session/events/event-00001.json`) or which one began it (`chats/the-session/agent.jsonl`). */
export function nameOf(path: string): string {
  const steps = path.split(/[\\/]/);
  const isOfFolder =
    /^(?:events?|event_cache)$/.test(steps.at(-2) ?? '') ||
    steps.at(-1) === 'base_state.json' ||
    steps.at(-3) === 'chats';
  return steps.slice(isOfFolder ? -3 : -1).join('/');
}

function resultOf({ status, result, error, taskId }: TaskRecord): SessionImport {
  if (status === 'succeeded') return result as SessionImport;
  const code = error?.code === 'unknown_format' ? 'UNKNOWN_FORMAT' : 'IMPORT_FAILED';
  throw new CommandFailure(code, `${error?.message ?? `the import was ${status}`} (task ${taskId})`);
}
