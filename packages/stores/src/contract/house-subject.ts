import type { HouseStores } from '../house-stores.ts';
import { describeProperties, type Property } from './signal-property.ts';

/** Stores on the same data: what each of them writes, the others see. */
export interface HouseSubject {
  readonly stores: HouseStores;
  /** One more on the same data, as a second process would open it; the suite closes it. */
  open(options?: HouseOptions): Promise<HouseStores>;
}

export interface HouseHarness {
  open(options?: HouseOptions): Promise<HouseStores>;
  close(): Promise<void>;
}

export interface HouseOptions {
  /** Most idempotency keys at a time. */
  readonly maxKeys?: number;
}

/** One set of data for all properties; each runs on stores opened for it. */
export function describeHouseProperties(
  title: string,
  properties: readonly Property<HouseSubject>[],
  createHarness: () => Promise<HouseHarness>,
): void {
  const opening = properties.map((property) => ({
    title: property.title,
    run: (harness: HouseHarness) => checkHouseProperty(property, (options) => harness.open(options)),
  }));
  describeProperties(title, opening, async () => {
    const harness = await createHarness();
    return { subject: harness, close: () => harness.close() };
  });
}

/** Runs one property on stores opened for it, and closes them whatever comes of it. */
export async function checkHouseProperty(property: Property<HouseSubject>, open: HouseHarness['open']): Promise<void> {
  const opened: HouseStores[] = [];
  const openAnother = async (options?: HouseOptions) => {
    const stores = await open(options);
    opened.push(stores);
    return stores;
  };
  try {
    await property.run({ stores: await openAnother(), open: openAnother });
  } finally {
    await Promise.all(opened.map((stores) => stores.close()));
  }
}
