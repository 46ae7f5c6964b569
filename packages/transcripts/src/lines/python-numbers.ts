/** The line with `null` in place of what Python writes for numbers that JSON has no word for; null: there are none in it. */
export function withoutPythonNumbers(line: string): string | null {
  const pieces: string[] = [];
  const marks = /"|-?\b(?:NaN|Infinity)\b/g;
  let from = 0;
  for (let mark = marks.exec(line); mark; mark = marks.exec(line)) {
    if (mark[0] === '"') {
      // What stands in a text is none.
      marks.lastIndex = endOfText(line, marks.lastIndex);
      continue;
    }
    pieces.push(line.slice(from, mark.index), 'null');
    from = marks.lastIndex;
  }
  return pieces.length === 0 ? null : pieces.join('') + line.slice(from);
}

/** Behind the quotation mark that ends the text which begins here. */
function endOfText(line: string, begin: number): number {
  for (let end = line.indexOf('"', begin); end >= 0; end = line.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (line.charCodeAt(end - 1 - backslashes) === 0x5c && end - 1 - backslashes >= begin) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return line.length;
}
