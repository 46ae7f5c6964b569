import { byText } from './order.ts';
import { isFields } from './values.ts';

/**
 * How two witnesses of the same thing agree. Each of these takes the same one in whatever order they come, the same again
 * when one comes twice, and the same for three in any grouping; uniting documents rests on that.
 */

export function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

export function later(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}

/** What is known, and of two that contradict each other the greater in the order of characters. */
export function known<T extends string>(one: T | null, other: T | null): T | null {
  if (one === null || other === null) return one ?? other;
  return byText(one, other) < 0 ? other : one;
}

export function knownMember<T>(one: T, other: T, isKnown: (value: T) => boolean): T {
  if (isKnown(one) !== isKnown(other)) return isKnown(one) ? one : other;
  return byText(JSON.stringify(one), JSON.stringify(other)) < 0 ? other : one;
}

/** The one whose rank is higher; the ranks are compared number by number, and if all are equal, the whole as text. */
export function higher<T>(one: T, other: T, rank: (value: T) => readonly number[]): T {
  if (isSame(one, other)) return one;
  const [left, right] = [rank(one), rank(other)];
  for (let index = 0; index < left.length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference > 0 ? one : other;
  }
  return byText(JSON.stringify(one), JSON.stringify(other)) < 0 ? other : one;
}

/** As often, when one entry is told twice: then there is nothing to choose, and nothing has to be written out to be compared. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isFields(one) || !isFields(other)) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return names.length === others.length && names.every((name, at) => name === others[at] && one[name] === other[name]);
}
