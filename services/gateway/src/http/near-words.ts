/** The words of `known` that look most like `word`, nearest first; none that is further away than a third of its length. */
export function nearWords(word: string, known: readonly string[], most: number): string[] {
  const asked = word.slice(0, MAX_LENGTH).toLowerCase();
  return known
    .map((candidate) => ({ candidate, distance: distanceOf(asked, candidate.slice(0, MAX_LENGTH).toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.max(asked.length, candidate.length) / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

const MAX_LENGTH = 128;

/** Levenshtein's: how many letters have to be added, taken away or changed. */
function distanceOf(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = (before[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, (before[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    before = current;
  }
  return before[b.length] ?? 0;
}
