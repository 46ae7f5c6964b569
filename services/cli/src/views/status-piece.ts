import type { Piece, Style } from '../output.ts';

const STYLES: Readonly<Record<string, Style>> = {
  succeeded: 'green',
  healthy: 'green',
  running: 'cyan',
  started: 'cyan',
  retrying: 'yellow',
  attempt_failed: 'yellow',
  degraded: 'yellow',
  cancelled: 'yellow',
  stopped: 'yellow',
  silent: 'yellow',
  failed: 'red',
  timed_out: 'red',
  crashed: 'red',
  dead: 'red',
  unhealthy: 'red',
};

/** A status in its colour; the word says it all without. */
export function statusPiece(status: string, width = 0): Piece {
  const text = status.padEnd(width);
  const style = STYLES[status];
  return style ? { text, style } : text;
}
