import type { Tally } from '@tracepost/stores';

/**
 * An hour of a series as one text, `count=5 sum=1.25 0.005=3 +Inf=5`: twenty fields of their own would be twenty columns to read.
 * Numbers are written as JavaScript does, so that they come back as they were; names are those of the layout, which have no spaces.
 */
export function writeTally(tally: Readonly<Tally>): string {
  return Object.entries(tally)
    .map(([field, value]) => `${field}=${value}`)
    .join(' ');
}

export function readTally(text: string): Tally {
  const tally: Tally = {};
  for (const part of text.split(' ')) {
    const end = part.indexOf('=');
    if (end > 0) tally[part.slice(0, end)] = Number(part.slice(end + 1));
  }
  return tally;
}
