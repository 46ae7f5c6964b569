import { createHash } from 'node:crypto';
import type { SessionDocument } from '@tracepost/contracts';
import { sortedJson } from '../building/tool-arguments.ts';
import { type Fields, fieldsOf, isFields, textOf } from '../building/values.ts';
import type { LinesFormat, ReadingContext, WholeFormat } from '../format-reader.ts';
import { readElements } from '../json/read-elements.ts';
import { CompletionLogTaker, LOG_WAYS } from './completion-log.ts';
import { EventSession } from './event-session.ts';
import { placeOfFile, sessionIdOf, sessionOfEventCache, sessionOfEventFolder, sessionOfFolder } from './folders.ts';
import { hasEvents, isEvent } from './recognition.ts';

/** The log of one call of a model, with the whole prompt in it. */
export const openHandsCompletionLog: WholeFormat = {
  format: 'openhands',
  kind: 'whole',
  recognise: ({ text, fileName }) =>
    /^\s*\{\s*(?:"context_window"\s*:\s*\d+\s*,\s*)?"(?:messages"\s*:\s*\[\s*\{|llm_path"\s*:\s*")/.test(text) &&
    (/"(?:latency_sec|fncall_messages|raw_messages|llm_path)"\s*:/.test(text) ||
      /"context_window"\s*:\s*\d/.test(text) ||
      /You are OpenHands/.test(text) ||
      /-\d{10}\.\d{1,9}(?:-[0-9a-f]+)?(?:-error)?\.json$/.test(fileName ?? '')),
  open: (context) => readElements(context, LOG_WAYS, new CompletionLogTaker(context)),
};

/** A list of events, alone or as a member of what the program's interface answers. */
export const openHandsTrajectory: WholeFormat = {
  format: 'openhands',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*(?:\{\s*"(?:trajectory|items|events|history)"\s*:\s*)?\[\s*[{[]/.test(text) && hasEvents(text),
  open(context) {
    const sessionId = sessionOfEventCache(context.filePath);
    const session = new EventSession(context, { hasAllEvents: sessionId === null });
    // In the file of one event its number is its place.
    const numberOf = ({ id }: Fields): number | null => (sessionId !== null && typeof id === 'number' ? id : null);
    return readElements(context, ['*', 'trajectory.*', 'items.*', 'events.*', 'history.*'], {
      value: (way, value) => {
        const place = way.at(-1);
        if (typeof place === 'number') addEvents(session, value, numberOf(fieldsOf(value)) ?? place);
      },
      finish: () => (session.isEmpty ? [] : [session.document({ sessionId })]),
    });
  },
};

/** A file for each event, in the folder of their session; and the file beside them that keeps what the session took. */
export const openHandsEventFile: WholeFormat = {
  format: 'openhands',
  kind: 'whole',
  recognise: ({ text }) => /^\s*\{/.test(text) && !HAS_LINES.test(text) && (hasEvents(text) || isState(text)),
  open(context) {
    const found: { documents: SessionDocument[] } = { documents: [] };
    return readElements(context, ['$'], {
      value: (_, value) => {
        found.documents = fileOf(context, fieldsOf(value));
      },
      finish: () => found.documents,
    });
  },
};

/** One object after another, as in no file of one. */
const HAS_LINES = /\}\r?\n\{/;

function isState(text: string): boolean {
  return /^\s*\{\s*"id"\s*:/.test(text) && /"(?:usage_to_metrics|persistence_dir|execution_status)"\s*:/.test(text);
}

function fileOf(context: ReadingContext, value: Fields): SessionDocument[] {
  const isOfState = !isEvent(value);
  // The folder first, for the events have no other: both have to agree.
  const sessionId = sessionOfFolder(context.filePath) ?? (isOfState ? sessionIdOf(value.id) : null);
  if (sessionId === null) {
    throw new RangeError(
      'one event does not say which session it is of: the name of its folder would, given with the file name',
    );
  }
  const session = new EventSession(context, { hasAllEvents: isOfState });
  if (!isOfState) session.add(value, placeOfFile(context.fileName));
  else if (isFields(value.stats)) session.stats(value.stats);
  else throw new RangeError('it is neither an event nor a state that counts what was used');
  const model = textOf(fieldsOf(fieldsOf(value.agent).llm).model);
  return [session.document({ sessionId, facts: model === null ? {} : { model } })];
}

/** A line for each event; or for each run of a benchmark, with all of its events in it. */
export const openHandsEventLines: LinesFormat = {
  format: 'openhands',
  kind: 'lines',
  recognise: ({ entries, text, fileName }) =>
    (entries.length > 1 && entries.slice(0, 2).every(isEvent)) ||
    // The first can be longer than what is looked at.
    (/\.jsonl$/.test(fileName ?? '') && /^\s*\{/.test(text) && hasEvents(text)) ||
    entries.some(isRun) ||
    (/^\s*\{\s*"instance_id"\s*:/.test(text) && /"test_result"\s*:/.test(text) && !/\n\s*"/.test(text.slice(0, 200))),
  open(context) {
    const sessionId = sessionOfEventFolder(context.filePath);
    const first = sessionId === null ? 0 : placeOfFile(context.fileName);
    const session = new EventSession(context, { hasAllEvents: sessionId === null });
    const runs: SessionDocument[] = [];
    return {
      line(value, number) {
        if (!isFields(value)) return 'it is no object';
        if (isRun(value)) runs.push(...runOf(context, value, number));
        else addEvents(session, value, first + number - 1);
        return undefined;
      },
      finish: () => (session.isEmpty ? runs : [session.document({ sessionId }), ...runs]),
    };
  },
};

function isRun(value: Fields): boolean {
  return typeof value.instance_id === 'string' && 'history' in value;
}

function runOf(context: ReadingContext, run: Fields, number: number): SessionDocument[] {
  const session = new EventSession(context, { hasAllEvents: true });
  const history = run.history ?? [];
  if (!Array.isArray(history)) throw new RangeError('its history is no list of events');
  for (const [place, event] of history.entries()) {
    context.begin(number, `event ${place + 1}: `);
    try {
      addEvents(session, event, place);
    } catch (error) {
      context.skip(number, `event ${place + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  context.begin(number);
  session.stats(run.metrics);
  const error = textOf(run.error);
  if (session.isEmpty && error === null) throw new RangeError('there are no events in its history');
  const resolved = fieldsOf(fieldsOf(run.test_result).report).resolved ?? fieldsOf(run.report).resolved;
  const succeeded = typeof resolved === 'boolean' ? resolved : error === null ? null : false;
  const detail = error?.slice(0, 200) ?? (typeof resolved === 'boolean' ? `resolved ${resolved}` : null);
  return [
    session.document({
      // A run that broke before its first event is known by what there is.
      ...(session.isEmpty ? { sessionId: `openhands-${hashOfRun(run)}` } : {}),
      title: String(run.instance_id).slice(0, 200),
      model: modelOf(fieldsOf(run.metadata)),
      outcome: succeeded === null ? null : { succeeded, detail },
    }),
  ];
}

function modelOf({ llm_config, llm, model_name }: Fields): string | null {
  return textOf(fieldsOf(llm_config).model) ?? textOf(fieldsOf(llm).model) ?? textOf(model_name);
}

function hashOfRun({ instance_id, attempt, error }: Fields): string {
  return createHash('sha256')
    .update(sortedJson([instance_id, attempt ?? null, error]))
    .digest('hex')
    .slice(0, 16);
}

/** Older benchmarks wrote an action and its observation as a pair. */
function addEvents(session: EventSession, value: unknown, place: number): void {
  if (Array.isArray(value)) for (const [index, event] of value.entries()) session.add(event, place * 2 + index);
  else session.add(value, place);
}
