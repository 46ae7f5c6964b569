import type { SessionMessage, SessionMessagePart } from '@tracepost/contracts';
import { pick } from './join-calls.ts';
import { earlier, higher, known, later } from './known.ts';
import { inOrder } from './order.ts';
import { MESSAGE_CHARACTERS } from './text-budget.ts';
import type { JoinSubagents } from './whose-entry.ts';

/** A part with its text. */
interface Piece {
  readonly part: SessionMessagePart;
  readonly text: string;
}

const BODY = ['text', 'characters', 'estimatedTokens'] as const;

type Growing<T> = { -readonly [K in keyof T]: T[K] };
type GrowingMessage = Growing<Omit<SessionMessage, 'parts'>> & { parts: readonly SessionMessagePart[] };

/** More parts than any answer has lines: a search through them is short. */
const FEW_PARTS = 32;

/**
 * A message that has more than one witness, while its lines are still coming. Lines that come in their order, as nearly all do, are put
 * behind each other at once; parts of any others are gathered, and put in order and together at the end.
 */
export class MessageDraft {
  readonly #joinSubagents: JoinSubagents;
  #message: SessionMessage;
  /** The same message, as long as every part of it came behind the one before and all of its text has room. */
  #growing: GrowingMessage | null = null;
  #pieces: Map<string, Piece> | null = null;

  constructor(message: SessionMessage, joinSubagents: JoinSubagents) {
    this.#message = message;
    this.#joinSubagents = joinSubagents;
  }

  get message(): SessionMessage {
    return this.#message;
  }

  add(other: SessionMessage): void {
    if (this.#pieces === null && this.#append(other)) return;
    this.#growing = null;
    if (this.#message.parts || other.parts) {
      this.#pieces ??= gather(new Map(), this.#message);
      gather(this.#pieces, other);
    }
    this.#message = joinMessages(this.#message, other, this.#joinSubagents);
  }

  /** `isCutOff`: another entry told so. */
  finish(isCutOff: boolean): SessionMessage {
    // What is given away does not grow any more: the next part makes another one.
    this.#growing = null;
    const isComplete = this.#message.isComplete && !isCutOff;
    if (this.#pieces) return { ...this.#message, ...together(this.#pieces.values()), isComplete };
    return isComplete === this.#message.isComplete ? this.#message : { ...this.#message, isComplete };
  }

  partOf(partId: string): SessionMessagePart | undefined {
    if (this.#pieces) return this.#pieces.get(partId)?.part;
    return partOf(this.#message, partId);
  }

  partIds(): Iterable<string> {
    return this.#pieces?.keys() ?? (this.#message.parts ?? []).map((part) => part.partId);
  }

  /** Whether that was all there is to do: then the result is the one that gathering would have. */
  #append(other: SessionMessage): boolean {
    const next = this.#next(other);
    if (next === null) return false;
    const message = this.#grown();
    message.isComplete = message.isComplete && other.isComplete;
    message.callId = known(message.callId, other.callId);
    if (next === 'nothing') return true;
    if (next.kept > 0) message.text = message.text === '' ? other.text : `${message.text}\n${other.text}`;
    message.characters += next.characters;
    message.estimatedTokens += next.estimatedTokens;
    // A list that is pushed to takes room for sixteen more.
    message.parts = message.parts.concat(next);
    return true;
  }

  /** The part to put behind the others; null: it is not so simple. */
  #next(other: SessionMessage): SessionMessagePart | 'nothing' | null {
    const { role, subagent, toolCallId, text, parts = [], cutsOff } = this.#message;
    const last = parts[parts.length - 1];
    const isPlain = this.#growing !== null || (parts.length === 1 && last?.kept === text.length && last.atMs !== null);
    if (!last || !isPlain || parts.length >= FEW_PARTS || !other.parts || other.parts.length > 1) return null;
    const isOther = other.role !== role || other.subagent !== subagent || other.toolCallId !== toolCallId;
    if (isOther || cutsOff || other.cutsOff) return null;
    const [part] = other.parts;
    if (!part) return other.text === '' ? 'nothing' : null;
    if (part.kept !== other.text.length || text.length + 1 + part.kept > MESSAGE_CHARACTERS) return null;
    return isBehind(part, last) && !partOf(this.#message, part.partId) ? part : null;
  }

  #grown(): GrowingMessage {
    if (this.#growing) return this.#growing;
    const { parts = [] } = this.#message;
    const [{ atMs, sequence, characters, estimatedTokens }] = parts as readonly [SessionMessagePart];
    this.#growing = { ...this.#message, atMs, sequence, characters, estimatedTokens, parts };
    this.#message = this.#growing;
    return this.#growing;
  }
}

export function partOf({ parts }: SessionMessage, partId: string): SessionMessagePart | undefined {
  if (parts) for (const part of parts) if (part.partId === partId) return part;
  return undefined;
}

function isBehind(part: SessionMessagePart, last: SessionMessagePart): boolean {
  if (part.atMs === null || last.atMs === null) return false;
  return part.atMs > last.atMs || (part.atMs === last.atMs && part.sequence > last.sequence);
}

function gather(pieces: Map<string, Piece>, message: SessionMessage): Map<string, Piece> {
  for (const piece of piecesOf(message)) {
    const known = pieces.get(piece.part.partId);
    pieces.set(piece.part.partId, known ? longer(known, piece) : piece);
  }
  return pieces;
}

function piecesOf({ parts = [], text }: SessionMessage): Piece[] {
  let from = 0;
  return parts.map((part) => {
    const piece = { part, text: text.slice(from, from + part.kept) };
    if (part.kept > 0) from += part.kept + 1;
    return piece;
  });
}

function longer(one: Piece, other: Piece): Piece {
  const { text, characters, estimatedTokens } = higher(weightOf(one), weightOf(other), (piece) => [
    piece.characters,
    piece.text.length,
    piece.estimatedTokens,
  ]);
  const [left, right] = [one.part, other.part];
  return {
    text,
    part: {
      partId: left.partId,
      atMs: earlier(left.atMs, right.atMs),
      sequence: Math.max(left.sequence, right.sequence),
      kept: text.length,
      characters,
      estimatedTokens,
    },
  };
}

function weightOf({ text, part: { characters, estimatedTokens } }: Piece): {
  readonly text: string;
  readonly characters: number;
  readonly estimatedTokens: number;
} {
  return { text, characters, estimatedTokens };
}

function together(pieces: Iterable<Piece>): Partial<SessionMessage> & Pick<SessionMessage, 'atMs' | 'sequence'> {
  const ordered = inOrder(
    Array.from(pieces, (piece) => ({ ...piece, atMs: piece.part.atMs, sequence: piece.part.sequence })),
    ({ part }) => part.partId,
  );
  let text = '';
  const parts = ordered.map((piece) => {
    const room = MESSAGE_CHARACTERS - text.length - (text === '' ? 0 : 1);
    const kept = wholeCharacters(piece.text, Math.max(0, room));
    if (kept !== '') text = text === '' ? kept : `${text}\n${kept}`;
    return kept.length === piece.part.kept ? piece.part : { ...piece.part, kept: kept.length };
  });
  const sum = (name: 'characters' | 'estimatedTokens'): number => parts.reduce((total, part) => total + part[name], 0);
  return {
    atMs: parts.reduce<number | null>((first, part) => earlier(first, part.atMs), null),
    sequence: ordered[0]?.sequence ?? 0,
    text,
    characters: sum('characters'),
    estimatedTokens: sum('estimatedTokens'),
    parts,
  };
}

function wholeCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

function longerBody(one: SessionMessage, other: SessionMessage): Pick<SessionMessage, (typeof BODY)[number]> {
  return higher(pick(one, BODY), pick(other, BODY), (message) => [
    message.characters,
    message.text.length,
    message.estimatedTokens,
  ]);
}

function joinMessages(one: SessionMessage, other: SessionMessage, joinSubagents: JoinSubagents): SessionMessage {
  // Of a message of parts, the body is made of these at the end.
  const body = one.parts || other.parts ? null : longerBody(one, other);
  const cutsOff = known(one.cutsOff ?? null, other.cutsOff ?? null);
  return {
    ...one,
    ...body,
    role: known(one.role, other.role) ?? one.role,
    atMs: earlier(one.atMs, other.atMs),
    sequence: later(one.sequence, other.sequence) ?? 0,
    subagent: joinSubagents(one.subagent, other.subagent),
    callId: known(one.callId, other.callId),
    toolCallId: known(one.toolCallId, other.toolCallId),
    isComplete: one.isComplete && other.isComplete,
    ...(cutsOff === null ? {} : { cutsOff }),
  };
}
