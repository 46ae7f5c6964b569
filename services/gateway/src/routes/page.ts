import Type from 'typebox';
import { invalidParameter } from '../http/problem.ts';

/** What pages of a list are asked for with. */
export const PageLimit = Type.Integer({ minimum: 1, maximum: 1_000, description: 'Entries of a page' });
export const Cursor = Type.String({ minLength: 1, maxLength: 2_048, description: '`nextCursor` of a page' });

export const INVALID_CURSOR = invalidParameter({
  pointer: '/cursor',
  message: 'was not given as nextCursor by this list; begin again without it',
});

/** Null: this was the last page. */
export const NextCursor = Type.Union([Type.String(), Type.Null()]);
