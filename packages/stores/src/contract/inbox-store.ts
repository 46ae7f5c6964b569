import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { INBOX_CLAIM_PROPERTIES } from './inbox-claims.ts';
import { INBOX_EFFECT_PROPERTIES } from './inbox-effects.ts';
import { INBOX_ENDING_PROPERTIES } from './inbox-endings.ts';
import { INBOX_INTERLEAVING_PROPERTIES } from './inbox-interleavings.ts';
import type { Property } from './signal-property.ts';

/** What every inbox promises. */
export const INBOX_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  ...INBOX_CLAIM_PROPERTIES,
  ...INBOX_ENDING_PROPERTIES,
  ...INBOX_EFFECT_PROPERTIES,
  ...INBOX_INTERLEAVING_PROPERTIES,
];

export function describeInboxStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as an inbox`, INBOX_STORE_PROPERTIES, createHarness);
}
