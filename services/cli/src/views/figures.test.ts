import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatNumber, formatShare, formatUsd, shorten, sumUsd } from './figures.ts';

it('shows money to the picodollar, and what is not known as that', () => {
  expect([20_000.3, 0.0216, 8, 1e-12, 0, null].map(formatUsd)).toEqual([
    '20000.3 USD',
    '0.0216 USD',
    '8 USD',
    '0.000000000001 USD',
    '0 USD',
    '-',
  ]);
});

it('adds money without drift', () => {
  expect(sumUsd(Array.from({ length: 1_000 }, () => 0.1))).toBe(100);
});

it('groups thousands and rounds what is small', () => {
  expect([0, 999, 1_000, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([0.333_333, 12.5, -4_000, Number.NaN].map(formatNumber)).toEqual(['0.3333', '12.5', '-4,000', '?']);
  expect([0.7512, 1, null].map(formatShare)).toEqual(['75.1 %', '100 %', '-']);
});

it('shows bytes in the unit that fits', () => {
  expect([0, 512, 1_536, 200 * 1_024, 5 * 1_024 ** 3].map(formatBytes)).toEqual([
    '0 B',
    '512 B',
    '1.5 KiB',
    '200 KiB',
    '5.0 GiB',
  ]);
});

it('shortens by whole characters', () => {
  expect(shorten('👍👍👍👍', 3)).toBe('👍👍…');
  expect(shorten('abc', 3)).toBe('abc');
});
