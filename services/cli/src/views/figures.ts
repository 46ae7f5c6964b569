/** `16,000`: tokens run into millions. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `512 B`, `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** `12.5 %`; `-` for what is not known. */
export function formatShare(share: number | null): string {
  return share === null ? '-' : `${Math.round(share * 1_000) / 10} %`;
}

/** To the picodollar, as the API counts, so that an arithmetic can be followed; `-` for what is not known, which is not free. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return '-';
  // A double holds fifteen digits: those behind them are none of the amount.
  const wholeDigits = Math.trunc(Math.abs(usd)).toString().length;
  return `${usd.toFixed(Math.max(1, Math.min(12, 15 - wholeDigits))).replace(/\.?0+$/, '')} USD`;
}

/** Without drift: in whole picodollars. */
export function sumUsd(amounts: Iterable<number>): number {
  let sum = 0n;
  for (const amount of amounts) sum += BigInt(Math.round(amount * 1e12));
  return Number(sum) / 1e12;
}

/** A number of whatever kind, short: `2,000`, `0.31`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (Math.abs(value) >= 1_000) return value < 0 ? `-${formatCount(-value)}` : formatCount(value);
  return String(Number(value.toPrecision(4)));
}

/** `meanMs 2,000 · calls 12`: figures by their own names. */
export function formatFigures(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(' · ');
}

export function countOf(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** The beginning of a text: whole characters, and a sign that there is more. */
export function shorten(text: string, most: number): string {
  // Texts may be long; the characters beyond twice as many code units cannot be among those shown.
  const characters = [...text.slice(0, 2 * most + 2)];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
