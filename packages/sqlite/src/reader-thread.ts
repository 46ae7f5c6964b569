import { workerData } from 'node:worker_threads';
import { openFileForReading } from './open-file.ts';
import { OPENED, type Request, type ThreadOptions } from './protocol.ts';
import { read } from './read.ts';
import { replyError } from './reply-error.ts';
import { Statements } from './statements.ts';
import { createThread } from './thread.ts';

// Runs in a worker.
const { path } = workerData as ThreadOptions;
const thread = createThread();
try {
  const database = openFileForReading(path);
  const statements = new Statements(database);
  thread.listen((requests) => {
    for (const request of requests) serve(request);
  });
  thread.reply({ id: OPENED, value: null });

  function serve(request: Request): void {
    if (request.kind === 'read') thread.reply(read(statements, request));
    if (request.kind !== 'close') return;
    database.close();
    thread.reply({ id: request.id, value: null });
    thread.end();
  }
} catch (error) {
  thread.reply({ id: OPENED, error: { ...replyError(error), kind: 'cannot-open' } });
  thread.end();
}
