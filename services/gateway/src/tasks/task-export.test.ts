import { expect, test } from 'vitest';
import { csvCell, readExportFormat } from './task-export.ts';

test.each([
  [undefined, null],
  ['*/*', null],
  ['application/json', null],
  ['text/html, */*;q=0.8', null],
  ['application/x-ndjson', 'ndjson'],
  ['text/csv', 'csv'],
  ['TEXT/CSV; charset=utf-8', 'csv'],
  ['text/csv;q=0.5, application/x-ndjson', 'ndjson'],
  ['application/json, text/csv;q=0.9', null],
  ['application/json;q=0.1, text/csv;q=0.9', 'csv'],
  ['text/csv;q=0', null],
  ['text/csv;q=abc', null],
])('Accept: %s is answered with %s', (accept, format) => expect(readExportFormat(accept)).toBe(format));

test.each([
  [null, ''],
  [undefined, ''],
  [0, '0'],
  [-1.5, '-1.5'],
  [true, 'true'],
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=cmd|calc', "'=cmd|calc"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['=1,"2"', '"\'=1,""2"""'],
])('%j is the cell %s', (value, cell) => expect(csvCell(value)).toBe(cell));
