import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { escapeJson, escapeText } from './escape-text.ts';

/** A piece of a line; text alone is escaped and plain. Nothing reaches the terminal but by one of these. */
export type Piece = string | { readonly text: string; readonly style: Style };
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Line = Piece | readonly Piece[];

export interface Output {
  /** One line for a person, on standard output. Nothing with `--json`. */
  line(line: Line): void;
  /** Text of several lines (a stack, a body), indented. Nothing with `--json`. */
  block(text: string, indent: string): void;
  /** The answer for a machine, on one line. Nothing without `--json`. */
  json(value: unknown): void;
  /** What is going on, on standard error, when that is a terminal; the next one takes its place. */
  progress(text: string): void;
  /** A sentence on standard error. */
  complain(sentence: string): void;
  /** Takes the progress away. */
  clear(): void;
}

/** What of a terminal, a pipe or a file is asked for. */
export type Terminal = Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

export interface OutputOptions {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly isJson: boolean;
}

export function createOutput({ stdout, stderr, isJson }: OutputOptions): Output {
  let shown = '';
  const clear = (): void => {
    if (shown) stderr.write('\r\x1b[K');
    shown = '';
  };
  const write = (text: string): void => {
    clear();
    stdout.write(`${text}\n`);
  };
  const paint = (piece: Piece): string => {
    if (typeof piece === 'string') return escapeText(piece);
    // Colours only for a terminal, and not against NO_COLOR: styleText asks the stream.
    return styleText(piece.style, escapeText(piece.text), { stream: stdout });
  };

  return {
    clear,
    line(line) {
      if (!isJson) write((typeof line === 'string' || 'text' in line ? [line] : line).map(paint).join(''));
    },
    block(text, indent) {
      if (isJson) return;
      for (const line of escapeText(text, { keep: 'lines' }).split('\n')) write(`${indent}${line}`);
    },
    json(value) {
      if (isJson) write(escapeJson(JSON.stringify(value)));
    },
    progress(text) {
      if (!stderr.isTTY) return;
      const line = escapeText(text).slice(0, Math.max(20, (stderr.columns ?? 80) - 1));
      if (line === shown) return;
      clear();
      shown = line;
      stderr.write(line);
    },
    complain(sentence) {
      clear();
      stderr.write(`${escapeText(sentence, { keep: 'lines' })}\n`);
    },
  };
}

/** `text` in a style. */
export function styled(style: Style, text: string): Piece {
  return { text, style };
}
