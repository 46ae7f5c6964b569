/** What is looked at in an answer: the beginning of a group, and the JSON of each resource, scope and span. */
export interface AnswerParts {
  /** A new resource (4) or scope (6) begins: what the one before said is over. */
  onGroup(depth: 4 | 6): void;
  onResource(json: string): void;
  onScope(json: string): void;
  onSpan(json: string): void;
}

export interface AnswerSplitter {
  /** The next bytes, cut anywhere. Throws when they cannot be an answer, or one part of it is too large. */
  push(chunk: Uint8Array): void;
  /** Throws when the answer ended in its middle. */
  end(): void;
}

/** What a document of JSON looks like to whoever only counts its brackets: `{"result":{"resourceSpans":[{"resource":{}, "scopeSpans":[…]}]}}`. */
const RESOURCE_SPANS = 4;
const RESOURCE = 5;
const SCOPE_SPANS = 6;
const SCOPE = 7;
const SPAN = 8;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Takes an answer of `/api/v3/traces/{id}` apart while it comes. Jaeger puts a whole trace into one document, of any size: this holds one
 * part of it at a time. Only depth tells what a part is, so that nothing has to be read that nobody wants.
 */
export function createAnswerSplitter(parts: AnswerParts, maxPartBytes: number): AnswerSplitter {
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  let hasBegun = false;
  /** Depth of the part that is being gathered, and what came of it with earlier chunks. */
  let part: number | null = null;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;

  const gather = (bytes: Uint8Array): void => {
    gatheredBytes += bytes.byteLength;
    if (gatheredBytes > maxPartBytes) throw new Error(`one part of the answer is larger than ${maxPartBytes} bytes`);
    gathered.push(bytes);
  };
  const tell = (): void => {
    const json = Buffer.concat(gathered).toString('utf8');
    if (part === RESOURCE) parts.onResource(json);
    else if (part === SCOPE) parts.onScope(json);
    else parts.onSpan(json);
    part = null;
    gathered = [];
    gatheredBytes = 0;
  };

  return {
    push(chunk) {
      let begin = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (isInString) {
          if (isEscaped) isEscaped = false;
          else if (byte === BACKSLASH) isEscaped = true;
          else if (byte === QUOTE) isInString = false;
        } else if (byte === QUOTE) isInString = true;
        else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
          depth += 1;
          hasBegun = true;
          if (part !== null || byte === OPEN_LIST) continue;
          if (depth === RESOURCE_SPANS || depth === SCOPE_SPANS) parts.onGroup(depth);
          else if (depth === RESOURCE || depth === SCOPE || depth === SPAN) [part, begin] = [depth, at];
        } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
          if (depth === part) {
            gather(chunk.subarray(begin, at + 1));
            tell();
          }
          depth -= 1;
        }
      }
      if (part !== null) gather(chunk.subarray(begin));
    },
    end() {
      if (!hasBegun || depth !== 0) throw new Error('its answer is no JSON: it ends in the middle');
    },
  };
}
