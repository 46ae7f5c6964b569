import { escapeText } from '../escape-text.ts';
import type { Output, Piece } from '../output.ts';
import { styled } from '../output.ts';

export interface Column<T> {
  readonly title: string;
  readonly align?: 'right';
  readonly cell: (row: T) => Piece;
}

/** Columns as wide as their widest cell; the last one is not padded. Without rows it says so. */
export function printTable<T>(output: Output, rows: readonly T[], columns: readonly Column<T>[]): void {
  if (rows.length === 0) {
    output.line(styled('dim', 'None.'));
    return;
  }
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map(({ title }, at) =>
    cells.reduce((width, row) => Math.max(width, widthOf(row[at] ?? '')), title.length),
  );
  const print = (line: readonly Piece[]): void => {
    output.line(
      line.flatMap((piece, at) => pad(piece, widths[at] ?? 0, columns[at]?.align, at === columns.length - 1)),
    );
  };
  print(columns.map(({ title }) => styled('dim', title)));
  for (const row of cells) print(row);
}

function pad(piece: Piece, width: number, align: 'right' | undefined, isLast: boolean): Piece[] {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(piece)));
  const gap = isLast ? '' : '  ';
  if (align === 'right') return [blanks, piece, gap];
  return isLast ? [piece] : [piece, `${blanks}${gap}`];
}

/** As it will be shown. */
function widthOf(piece: Piece): number {
  return [...escapeText(typeof piece === 'string' ? piece : piece.text)].length;
}
