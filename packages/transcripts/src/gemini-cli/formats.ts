import type { SessionDocument } from '@tracepost/contracts';
import { fieldsOf, isFields, listOf } from '../building/values.ts';
import type { LinesFormat, ReadingContext, WholeFormat } from '../format-reader.ts';
import { readElements } from '../json/read-elements.ts';
import { PromptLog } from './prompt-log.ts';
import { ABOUT, GeminiSession } from './session.ts';

/** One session, one JSON object: how the program kept its conversations until it took to lines. */
export const geminiCliSession: WholeFormat = {
  format: 'gemini-cli',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\{/.test(text) &&
    /"sessionId"\s*:/.test(text) &&
    /"projectHash"\s*:/.test(text) &&
    /"messages"\s*:/.test(text),
  open(context) {
    const session = new GeminiSession(context);
    return readElements(context, [...ABOUT, 'messages.*'], {
      value: ([name, place], value) =>
        place === undefined ? session.about({ [String(name)]: value }) : session.put(value),
      finish: () => documentsOf(context, session),
    });
  },
};

/** One session, a line for what is known of it and one for each message; a message that changes is written again. */
export const geminiCliLines: LinesFormat = {
  format: 'gemini-cli',
  kind: 'lines',
  recognise: ({ entries }) =>
    entries.some(
      (entry) => entry.projectHash !== undefined && entry.sessionId !== undefined && entry.messages === undefined,
    ),
  open(context) {
    const session = new GeminiSession(context);
    return {
      line(value) {
        if (!isFields(value)) return 'it is no object';
        // Without an id it is no message but tells of the session. That it went back (`$rewindTo`) takes nothing away: the calls were made.
        const update = value.$set ?? (value.id === undefined && value.type === undefined ? value : undefined);
        if (update === undefined) {
          session.put(value);
          return undefined;
        }
        session.about(update);
        for (const message of listOf(fieldsOf(update).messages)) session.put(message);
        return undefined;
      },
      finish: () => documentsOf(context, session),
    };
  },
};

/** All prompts of a project, of many sessions. */
export const geminiCliLogs: WholeFormat = {
  format: 'gemini-cli',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\[\s*\{/.test(text) &&
    /"sessionId"\s*:/.test(text) &&
    /"messageId"\s*:\s*\d/.test(text) &&
    /"message"\s*:/.test(text),
  open(context) {
    const log = new PromptLog(context.texts);
    return readElements(context, ['*'], { value: (_, value) => log.put(value), finish: () => log.documents() });
  },
};

function documentsOf(context: ReadingContext, session: GeminiSession): SessionDocument[] {
  const document = session.document();
  if (document === null) context.skip(1, 'there is no sessionId in it: nobody can tell whose messages these are');
  return document === null ? [] : [document];
}
