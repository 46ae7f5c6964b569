import type { SessionSpan, SessionToolCall } from '@tracepost/contracts';
import { byText } from '../building/order.ts';
import { isUnique } from '../building/tool-ids.ts';
import { spanKey } from './span-ids.ts';
import type { SpanTree } from './span-tree.ts';

/**
 * Ids like `call_1` begin anew, with every run of an agent or with every answer. What a span says of such a call is kept under a name of
 * its own, a witness, and which witnesses speak of one call is found out from all of them. Ids have no line breaks.
 */
const ASKED = 'asked\n';
const TOLD = 'told\n';

/** What a model asked for: the `nth` call with this id in the answer that the span tells of. */
export function askedAs(given: string, nth: number, span: Pick<SessionSpan, 'traceId' | 'spanId'>): string {
  return isUnique(given) ? given : `${ASKED}${given}\n${nth}\n${spanKey(span)}`;
}

/** What a model was told of a result, in this message. */
export function toldAs(given: string, messageId: string): string {
  return isUnique(given) ? given : `${TOLD}${given}\n${messageId}`;
}

/** The message of such a witness; null for any other call. */
export function toldIn(toolCallId: string): string | null {
  return toolCallId.startsWith(TOLD) ? (toolCallId.split('\n')[2] ?? null) : null;
}

export function isWitness(toolCallId: string): boolean {
  return toolCallId.startsWith(ASKED) || toolCallId.startsWith(TOLD);
}

/** Of whoever calls the tool and of who is called; two that lie side by side are two, whatever id they have. */
export function isSameRun(one: SessionSpan, other: SessionSpan): boolean {
  const isAtOnce = one.startMs <= other.endMs && other.startMs <= one.endMs;
  return isAtOnce && one.parentSpanId !== other.parentSpanId;
}

/** One call of a tool, as far as it is known. */
interface Use {
  readonly given: string;
  readonly traceId: string;
  readonly names: ReadonlySet<string>;
  readonly hashes: ReadonlySet<string>;
  /** When the answer that asked for it began and was complete; of a run that nobody is known to have asked for, when it began. */
  readonly startMs: number;
  readonly endMs: number;
  readonly id: string;
  readonly runs: SessionSpan[];
  isTold: boolean;
}

interface Asked {
  readonly witness: SessionToolCall;
  readonly given: string;
  readonly nth: number;
  readonly span: SessionSpan;
}

/**
 * Of several calls with one id the first keeps it. A run belongs to the call of its trace that was asked for last before it and has not run; a
 * result to the one that was asked for last before it was told, or in a later trace to one that still waits for it. Gives the call's own id for
 * each witness, and for each run whose id is not unique, by the key of its span.
 */
export function ownToolIds(
  all: ReadonlyMap<string, SessionToolCall>,
  runs: readonly { readonly run: SessionToolCall; readonly span: SessionSpan }[],
  { tree, inside }: { readonly tree: SpanTree; readonly inside: ReadonlyMap<string, readonly string[]> },
): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  const uses = new Uses();
  for (const use of asked(all, tree, inside, own)) uses.add(use);
  for (const { run, span } of runs) {
    const given = span.toolCallId;
    if (given === null || isUnique(given)) continue;
    const use = uses.ranAs(given, run, span) ?? uses.add(ofRun(given, run, span, uses.has(given)));
    use.runs.push(span);
    own.set(spanKey(span), use.id);
  }
  const alone = new Set<string>();
  for (const { witness, given, messageId, traceId } of told(all, tree)) {
    const use = uses.told(given, witness.atMs ?? 0, traceId);
    if (use) use.isTold = true;
    const isFirst = !uses.has(given) && !alone.has(given);
    if (isFirst) alone.add(given);
    own.set(witness.toolCallId, use?.id ?? (isFirst ? given : `${given}/${messageId}`));
  }
  return own;
}

/** What models asked for, in the order of time. */
function asked(
  all: ReadonlyMap<string, SessionToolCall>,
  tree: SpanTree,
  inside: ReadonlyMap<string, readonly string[]>,
  own: Map<string, string>,
): Use[] {
  const bySpan = new Map(tree.spans.map((span) => [spanKey(span), span]));
  const witnesses = new Map<string, Asked>();
  for (const witness of all.values()) {
    if (!witness.toolCallId.startsWith(ASKED)) continue;
    const [, given = '', nth, ...key] = witness.toolCallId.split('\n');
    const span = bySpan.get(key.join('\n'));
    if (span) witnesses.set(witness.toolCallId, { witness, given, nth: Number(nth), span });
  }
  const groups = Map.groupBy(witnesses.values(), sameCall(witnesses, inside, bySpan));
  const firsts = [...groups.values()].map((group) => ({ group, inner: innermost(group) }));
  firsts.sort((one, other) => byBegin(one.inner, other.inner));
  const seen = new Set<string>();
  return firsts.map(({ group, inner: { witness, given, nth, span } }) => {
    const place = nth === 0 ? '' : `/${nth}`;
    const id = seen.has(given) ? `${witness.callId ?? span.spanId}/${given}${place}` : given;
    seen.add(given);
    for (const one of group) own.set(one.witness.toolCallId, id);
    const names = new Set(group.map((one) => one.witness.name));
    const hashes = new Set(group.map((one) => one.witness.argumentsHash));
    const { traceId, startMs, endMs } = span;
    return { given, traceId, names, hashes, startMs, endMs, id, runs: [], isTold: false };
  });
}

/**
 * The same for all witnesses of one call: a wrapper tells what was asked for inside of it once more, and two programs may tell of one answer. A
 * wrapper around several calls repeats the last of them.
 */
function sameCall(
  witnesses: ReadonlyMap<string, Asked>,
  inside: ReadonlyMap<string, readonly string[]>,
  bySpan: ReadonlyMap<string, SessionSpan>,
): (asked: Asked) => string {
  const inner = new Map<string, string[]>();
  for (const [key, others] of inside) {
    for (const other of others) {
      const [outer, within] = isAround(bySpan.get(key), bySpan.get(other)) ? [key, other] : [other, key];
      inner.set(outer, [...(inner.get(outer) ?? []), within]);
    }
  }
  for (const [key, keys] of inner)
    inner.set(
      key,
      keys.sort((one, other) => byTime(bySpan.get(one), bySpan.get(other))),
    );
  const same = new Same();
  for (const { witness, given, nth, span } of witnesses.values()) {
    let key = spanKey(span);
    for (let depth = 0; depth < MOST_WRAPPERS; depth += 1) {
      const within = inner.get(key) ?? [];
      const asking = within.findLast((one) => witnesses.has(`${ASKED}${given}\n${nth}\n${one}`));
      const next = asking ?? within.at(-1);
      if (next === undefined) break;
      key = next;
      if (asking === undefined) break;
    }
    same.join(witness.toolCallId, `place ${given}\n${nth}\n${key}`);
    // The answer's own id is the same in both; that of a span is its own.
    if (witness.callId !== null) same.join(witness.toolCallId, `answer ${given}\n${nth}\n${witness.callId}`);
  }
  return ({ witness }) => same.first(witness.toolCallId);
}

/** Names of one thing, and which of them stands for all. */
class Same {
  readonly #towards = new Map<string, string>();

  join(one: string, other: string): void {
    const [left, right] = [this.first(one), this.first(other)];
    if (left !== right) this.#towards.set(left, right);
  }

  first(name: string): string {
    let at = name;
    for (let next = this.#towards.get(at); next !== undefined; next = this.#towards.get(at)) at = next;
    // The next one who asks has a short way.
    for (let on = name; on !== at; ) {
      const next = this.#towards.get(on) ?? at;
      this.#towards.set(on, at);
      on = next;
    }
    return at;
  }
}

const MOST_WRAPPERS = 1_000;

function isAround(one: SessionSpan | undefined, other: SessionSpan | undefined): boolean {
  if (!one || !other) return false;
  const difference = one.endMs - one.startMs - (other.endMs - other.startMs);
  return difference > 0 || (difference === 0 && other.parentSpanId === one.spanId);
}

function innermost(group: readonly Asked[]): Asked {
  return group.reduce((one, other) => {
    const difference = one.span.endMs - one.span.startMs - (other.span.endMs - other.span.startMs);
    if (difference !== 0) return difference < 0 ? one : other;
    return byText(one.witness.toolCallId, other.witness.toolCallId) < 0 ? one : other;
  });
}

function byBegin(one: Asked, other: Asked): number {
  return byTime(one.span, other.span) || one.nth - other.nth || byText(one.given, other.given);
}

function byTime(one: SessionSpan | undefined, other: SessionSpan | undefined): number {
  if (!one || !other) return 0;
  return one.startMs - other.startMs || one.endMs - other.endMs || byText(spanKey(one), spanKey(other));
}

function ofRun(given: string, run: SessionToolCall, span: SessionSpan, isTaken: boolean): Use {
  const { traceId, startMs, spanId } = span;
  const id = isTaken ? `${given}/${spanId}` : given;
  const [names, hashes] = [new Set([run.name]), new Set([run.argumentsHash])];
  return { given, traceId, names, hashes, startMs, endMs: startMs, id, runs: [], isTold: false };
}

/** So many calls with one id are looked at for one run or result, from the last one back: no answer asks for more. */
const MOST_LOOKED_AT = 200;

/** By the id that they were given, in the order of time. */
class Uses {
  readonly #all = new Map<string, Use[]>();
  readonly #ofTrace = new Map<string, Use[]>();

  has(given: string): boolean {
    return this.#all.has(given);
  }

  add(use: Use): Use {
    insert(this.#all, use.given, use);
    insert(this.#ofTrace, `${use.given}\n${use.traceId}`, use);
    return use;
  }

  ranAs(given: string, { name, argumentsHash }: SessionToolCall, span: SessionSpan): Use | undefined {
    const here = this.#ofTrace.get(`${given}\n${span.traceId}`) ?? [];
    const before = upTo(here, ({ startMs }) => startMs <= span.startMs);
    const again = before.find(({ runs }) => runs.some((other) => isSameRun(other, span)));
    if (again) return again;
    const isWaiting = ({ runs }: Use): boolean => runs.length === 0;
    const waiting = before.filter(isWaiting);
    const isSame = (use: Use): boolean => use.names.has(name) && use.hashes.has(argumentsHash);
    const isNamed = ({ names }: Use): boolean => names.has(name);
    return (
      firstOfLast(waiting.filter(isSame)) ??
      firstOfLast(waiting.filter(isNamed)) ??
      firstOfLast(waiting) ??
      here.slice(0, MOST_LOOKED_AT).find(isWaiting) ??
      this.#before(given, ({ startMs }) => startMs <= span.startMs).findLast((use) => isWaiting(use) && isNamed(use))
    );
  }

  told(given: string, atMs: number, traceId: string): Use | undefined {
    const here = this.#ofTrace.get(`${given}\n${traceId}`) ?? [];
    const before = upTo(here, ({ endMs }) => endMs <= atMs);
    const { startMs } = before.at(-1) ?? {};
    const ofLast = before.filter((use) => use.startMs === startMs);
    return (
      ofLast.find(({ isTold }) => !isTold) ??
      ofLast[0] ??
      this.#before(given, ({ endMs }) => endMs <= atMs).findLast((use) => !use.isTold && use.traceId !== traceId) ??
      here[0]
    );
  }

  #before(given: string, isBefore: (use: Use) => boolean): Use[] {
    return upTo(this.#all.get(given) ?? [], isBefore);
  }
}

function insert(lists: Map<string, Use[]>, key: string, use: Use): void {
  const list = lists.get(key);
  if (!list) lists.set(key, [use]);
  else list.splice(list.findLastIndex(({ startMs }) => startMs <= use.startMs) + 1, 0, use);
}

/** Of those that come before the last ones. */
function upTo(uses: readonly Use[], isBefore: (use: Use) => boolean): Use[] {
  const last = uses.findLastIndex(isBefore);
  return uses.slice(Math.max(0, last + 1 - MOST_LOOKED_AT), last + 1).filter(isBefore);
}

/** Of the calls that the last answer asked for the first. */
function firstOfLast(uses: readonly Use[]): Use | undefined {
  const last = uses.at(-1);
  return last && uses.find(({ startMs }) => startMs === last.startMs);
}

interface Told {
  readonly witness: SessionToolCall;
  readonly given: string;
  readonly messageId: string;
  readonly traceId: string;
}

/** What models were told, in the order of time. */
function told(all: ReadonlyMap<string, SessionToolCall>, tree: SpanTree): Told[] {
  const found: Told[] = [];
  for (const witness of all.values()) {
    const [kind, given = '', messageId = ''] = witness.toolCallId.split('\n', 3);
    if (`${kind}\n` === TOLD) found.push({ witness, given, messageId, traceId: '' });
  }
  if (found.length === 0) return [];
  const traces = new Map(
    tree.spans.flatMap(({ traceId, messageIds }) => messageIds.map((id) => [id, traceId] as const)),
  );
  return found
    .map((one) => ({ ...one, traceId: traces.get(one.messageId) ?? '' }))
    .sort(
      ({ witness: one }, { witness: other }) =>
        (one.atMs ?? 0) - (other.atMs ?? 0) ||
        one.sequence - other.sequence ||
        byText(one.toolCallId, other.toolCallId),
    );
}
