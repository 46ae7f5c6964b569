import { describe, expect, test } from 'vitest';
import { checkHouseProperty, type HouseOptions, type HouseSubject, type Property } from '../src/contract/index.ts';
import type { HouseStores } from '../src/index.ts';
import { type HouseData, houseData, memoryHouseStores } from './memory-house-stores.ts';

export type Breaks<Store> = Readonly<Record<string, (store: Store, data: HouseData) => Partial<Store>>>;

/** The stores that stand beside the records, each under its name. */
export type HousePart = {
  [K in keyof HouseStores]: HouseStores[K] extends (...input: never[]) => unknown ? never : K;
}[keyof HouseStores];

/** Each property holds of a right store, and notices the one way to be wrong that is named for it. */
export function describeTeeth<Part extends HousePart>(
  part: Part,
  properties: readonly Property<HouseSubject>[],
  broken: Breaks<HouseStores[Part]>,
): void {
  describe(`the contract of ${part}`, () => {
    test('names a way to break each of its properties', () => {
      expect(Object.keys(broken)).toEqual(properties.map(({ title }) => title));
    });

    for (const property of properties) {
      test(`notices when it is not so: ${property.title}`, async () => {
        const right = houseData();
        await checkHouseProperty(property, async (options) => memoryHouseStores(right, options));
        const wrong = houseData();
        const openBroken = async (options?: HouseOptions): Promise<HouseStores> => {
          const stores = memoryHouseStores(wrong, options);
          return { ...stores, [part]: { ...stores[part], ...broken[property.title]?.(stores[part], wrong) } };
        };
        await expect(checkHouseProperty(property, openBroken)).rejects.toThrow();
      });
    }
  });
}
