import { workerData } from 'node:worker_threads';
import { openFile } from './open-file.ts';
import { OPENED, type ReplyError, type ThreadOptions } from './protocol.ts';
import { replyError } from './reply-error.ts';
import { createThread } from './thread.ts';
import { createWriter } from './writer.ts';

const SQLITE_BUSY = 5;

// Runs in a worker. Everything imported here is loaded anew for every database: keep it little.
const options = workerData as ThreadOptions;
const thread = createThread();
try {
  const database = openFile(options);
  const { sessionIdleMs } = options;
  const writer = createWriter({
    database,
    sessionIdleMs,
    poll: thread.poll,
    reply: thread.reply,
    onClosed: thread.end,
  });
  thread.listen(writer.take);
  thread.reply({ id: OPENED, value: null });
} catch (error) {
  thread.reply({ id: OPENED, error: openError(error) });
  thread.end();
}

function openError(error: unknown): ReplyError {
  const known = replyError(error);
  const isBusy = known.sqliteCode % 256 === SQLITE_BUSY;
  return { ...known, kind: 'cannot-open', message: isBusy ? 'somebody else has it open' : known.message };
}
