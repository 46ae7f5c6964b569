import { expect } from 'vitest';
import type { HouseSubject } from './house-subject.ts';
import { sampleEffect } from './sample-inbox.ts';
import type { Property } from './signal-property.ts';

/** Effects outside of the house. */
export const INBOX_EFFECT_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'of a hundred that begin an effect at once one may go ahead, and the others hear that it was begun',
    async run({ stores, open }) {
      const other = await open();
      const effect = sampleEffect();
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, (_, index) => (index % 2 ? other : stores).inbox.beginEffect(effect)),
      );
      expect(outcomes.filter(({ status }) => status === 'begun')).toHaveLength(1);
      const uncertain = { status: 'uncertain', since: effect.at };
      expect(outcomes.filter(({ status }) => status !== 'begun')).toEqual(Array(99).fill(uncertain));
    },
  },
  {
    title: 'an effect that happened is told with its first result, also to a store that is opened later',
    async run({ stores, open }) {
      for (const result of [{ id: 'NUL \u0000' }, null, 0, '', [1.5, { a: [] }]]) {
        const effect = sampleEffect();
        await stores.inbox.beginEffect(effect);
        await stores.inbox.endEffect({ ...effect, result });
        await stores.inbox.endEffect({ ...effect, result: 'another' });
        const { inbox } = await open();
        expect(await inbox.beginEffect(effect)).toEqual({ status: 'done', result });
      }
    },
  },
  {
    title: 'an effect that did not happen can be begun again, one that happened cannot be forgotten',
    async run({ stores: { inbox } }) {
      const effect = sampleEffect();
      await inbox.beginEffect(effect);
      await inbox.forgetEffect(effect);
      expect(await inbox.beginEffect(effect)).toEqual({ status: 'begun' });
      await inbox.endEffect({ ...effect, result: 'sent' });
      await inbox.forgetEffect(effect);
      expect(await inbox.beginEffect(effect)).toEqual({ status: 'done', result: 'sent' });
    },
  },
  {
    title: 'effects of other tenants, scopes and keys are others',
    async run({ stores: { inbox } }) {
      const effect = sampleEffect();
      const others = [
        effect,
        { ...effect, tenantId: 'another' },
        { ...effect, scope: `${effect.scope}-2` },
        { ...effect, key: 'Send' },
        { ...effect, key: "'; NUL \u0000" },
        { ...effect, key: 'x'.repeat(1_000) },
      ];
      expect(await Promise.all(others.map((one) => inbox.beginEffect(one)))).toEqual(
        others.map(() => ({ status: 'begun' })),
      );
      expect(await inbox.beginEffect(effect)).toMatchObject({ status: 'uncertain' });
    },
  },
  {
    title: 'effects are forgotten with the task records',
    async run({ stores: { inbox } }) {
      const nowMs = Date.UTC(2000, 0);
      const effect = { ...sampleEffect(), at: new Date(nowMs).toISOString() };
      await inbox.beginEffect(effect);
      const dayMs = 24 * 3_600_000;
      expect(await inbox.purge(nowMs + 90 * dayMs - 1)).toBe(0);
      expect(await inbox.purge(nowMs + 90 * dayMs)).toBe(1);
      expect(await inbox.beginEffect(effect)).toEqual({ status: 'begun' });
      await inbox.purge(nowMs + 90 * dayMs);
    },
  },
];
