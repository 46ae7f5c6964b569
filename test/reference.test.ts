import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findErrorCodes } from '../scripts/reference/error-codes.ts';
import { REFERENCE_FOLDER, referencePages } from '../scripts/reference/pages.ts';

const pages = referencePages();

describe('docs/reference', () => {
  it.each(Object.keys(pages))('%s says what the code says (else run npm run reference)', (name) => {
    expect(readFileSync(join(REFERENCE_FOLDER, name), 'utf8')).toBe(pages[name]);
  });

  it('has no page that nothing makes', () => {
    expect(readdirSync(REFERENCE_FOLDER).sort()).toEqual(Object.keys(pages).sort());
  });

  it('has all codes of errors, each of one class, of a room and a word', () => {
    const codes = findErrorCodes().map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes).toContain('config/invalid');
    expect(codes.filter((code) => !/^[a-z-]+\/[a-z-]+$/.test(code))).toEqual([]);
  });
});
