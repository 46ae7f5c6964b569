import type { ProblemCode } from './problem.ts';

/** When a code is answered and what to do then, for the reference of the API. The answer's `detail` says more of the one case. */
export const PROBLEM_MEANINGS: Readonly<Record<ProblemCode, string>> = {
  AGENT_NOT_FOUND: 'No agent of this name has ever announced itself; `GET /api/v1/agents` lists those that have.',
  ARTIFACT_NOT_FOUND: 'There is no artifact with this id.',
  ARTIFACTS_UNAVAILABLE: 'The artifact store cannot keep or read now; nothing was kept. Try again after `Retry-After`.',
  BODY_TOO_LARGE:
    'The body is larger than the route takes; an artifact has at most 25 MiB, a packed transcript becomes at most 200 times as large. Nothing was kept.',
  BROKER_UNREACHABLE:
    'The broker cannot be reached or takes nothing now. Nothing was accepted; try again after `Retry-After`.',
  CONFIRM_MISSING:
    'The broker did not confirm in time, and the message could not be kept. The task may run all the same; the detail names its id. A retry with the same `Idempotency-Key` runs it once, without one perhaps twice.',
  DEAD_LETTER_NOT_FOUND:
    'There is no dead letter of this task in the queue: it was re-queued, deleted or forgotten, or never was.',
  EXPECTATION_FAILED: 'The request has an `Expect` other than `100-continue`.',
  FIELD_NOT_SUPPORTED: 'The request asks for something that is not built yet; it is refused rather than ignored.',
  FOREIGN_HOST: 'The `Host` header does not name this machine; add the name to `TRACEPOST_ALLOWED_HOSTS`.',
  FOREIGN_ORIGIN: 'The request comes from a page of another site.',
  HEADERS_TOO_LARGE: 'The headers are larger than 16 KiB.',
  IDEMPOTENCY_KEY_REUSED:
    'The `Idempotency-Key` came with another body within the last 24 hours. Nothing was accepted; use a new key for a new notification.',
  IMPORT_FAILED:
    'The task that takes the transcript in ended without having done it; the detail says why and names the task, which can be repeated.',
  INTERNAL_ERROR: 'Something went wrong here; the log has it under the trace id of the answer.',
  INVALID_AGGREGATION:
    'There is no such aggregation, or a metric of this kind cannot answer it; `errors` lists those that there are, or that it can.',
  INVALID_EVENT:
    'The event or metric does not have the form that is asked for; `errors` says where, and `receivedEvent` is what came. It was not recorded.',
  INVALID_JSON: 'The body cannot be read as JSON in one meaning.',
  INVALID_PAYLOAD: 'The payload does not match the schema that the agent announced; `errors` says where.',
  INVALID_REQUEST: 'The request does not have the form that the route asks for; `errors` says where.',
  KEYS_FULL:
    'There are as many idempotency keys as there may be, and this is a new one. Nothing was accepted; requests without a key are taken. Try again after `Retry-After`, or raise `TRACEPOST_MAX_IDEMPOTENCY_KEYS`.',
  KEYS_UNAVAILABLE:
    'The store of idempotency keys does not answer, so nobody can tell whether the key was used. Nothing was accepted; try again after `Retry-After`.',
  LOGS_UNAVAILABLE: 'The log store does not answer. Try again after `Retry-After`.',
  LOOP_DETECTED:
    'The same event (type, source, data and correlation id) came more than 20 times within 10 seconds: whoever sends it is most likely caught in a loop. It was not recorded.',
  MALFORMED_HTTP: 'This is not a whole request in HTTP/1.1, or its path cannot be read.',
  MESSAGE_UNREADABLE:
    'The message could never be read as a notification, so it cannot be sent again; a dead letter can be deleted.',
  METHOD_NOT_ALLOWED: 'The path exists, but not with this method; `Allow` lists those that it takes.',
  NOT_FOUND: 'There is nothing at this path.',
  PAYLOAD_FORGOTTEN: 'The message of the task is not kept any more, so it cannot be repeated; send it again by notify.',
  OUTBOX_FULL:
    'The broker takes nothing now and the outbox is at its limit. Nothing was accepted; try again after `Retry-After`.',
  OUTBOX_UNAVAILABLE:
    'The broker takes nothing now and the outbox cannot be written. Nothing was accepted; try again after `Retry-After`.',
  QUESTION_TOO_LARGE:
    'The question would read or answer more than it may cost; the detail says what to ask for instead: less time, longer windows, fewer series.',
  QUEUE_FULL:
    'The broker refused the message, most likely because the queue of the agent is full. Nothing was accepted.',
  QUEUE_MISSING: 'The queue of the agent is not there and is being declared again. Nothing was accepted.',
  QUEUE_NOT_FOUND: 'No agent with this queue has ever announced itself; `GET /api/v1/queues` lists those that have.',
  RECORDS_UNAVAILABLE: 'The record store, which would know, does not answer. Try again after `Retry-After`.',
  REQUEST_TIMEOUT: 'The request did not arrive whole in time.',
  RETRIEVAL_FAILURE: 'What was recorded cannot be read now. Try again after `Retry-After`.',
  RETRIED_TOO_OFTEN:
    'The task was repeated a hundred times; the detail names the newest repetition, which can be repeated in turn.',
  SESSION_DAMAGED:
    'What is kept of the session cannot be read; the detail says whether to recompute it or to import its transcript again. Asking again does not help.',
  SESSION_NOT_FOUND: 'There is no session with this id, or it has been forgotten.',
  SESSIONS_UNAVAILABLE:
    'The store of sessions does not answer in time, or has enough questions to answer. Try again after `Retry-After`.',
  STOPPING: 'The gateway is stopping. Nothing was accepted.',
  STORAGE_FAILURE:
    'What came could not be made durable; it was not recorded, or nobody knows. Send it again after `Retry-After`, with the `eventId` of `receivedEvent`: an id is recorded once.',
  TASK_NOT_ENDED: 'Only a task that has ended can be repeated.',
  TASK_NOT_FOUND: 'No task with this id is known; one that another gateway has just accepted is known in a moment.',
  TOO_MANY_STREAMS: 'As many event streams or exports are open as this gateway holds. Try again after `Retry-After`.',
  TOO_MANY_IMPORTS:
    'As many transcripts as this gateway holds are on their way in. Nothing was accepted; try again after `Retry-After`.',
  TOO_MANY_WAITING:
    'More notifications wait for the broker than this gateway holds, or than go within 150 ms while more keep coming. Nothing was accepted; try again after `Retry-After`.',
  TRACE_NOT_FOUND: 'No trace with this id is known; spans arrive a few seconds after the work.',
  TRACES_UNAVAILABLE: 'The trace store does not answer. Try again after `Retry-After`.',
  UNKNOWN_FORMAT:
    'The transcript has no format that is known, or not the one that was said. Nothing of it was kept; the detail says what it begins with.',
  UNKNOWN_NOTIFICATION_TYPE: 'The agent does not take this type; the detail lists those that it takes.',
  UNSUPPORTED_MEDIA_TYPE:
    'The route takes another media type: JSON in UTF-8, for an artifact the type of its content, for a transcript those that are listed.',
};
