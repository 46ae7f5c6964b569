import type { HouseStores } from '../house-stores.ts';
import { describeProperties, type Property } from './signal-property.ts';

/** Stores on the same data: what each of them writes, the others see. */
export interface HouseSubject {
  readonly stores: HouseStores;
  /** One more on the same data, as a second process would open it; the suite closes it. */
  open(): Promise<HouseStores>;
}

export interface HouseHarness {
  open(): Promise<HouseStores>;
  close(): Promise<void>;
}

/** One set of data for all properties; each runs on stores opened for it. */
export function describeHouseProperties(
  title: string,
  properties: readonly Property<HouseSubject>[],
  createHarness: () => Promise<HouseHarness>,
): void {
  const opening = properties.map((property) => ({
    title: property.title,
    run: (harness: HouseHarness) => checkHouseProperty(property, () => harness.open()),
  }));
  describeProperties(title, opening, async () => {
    const harness = await createHarness();
    return { subject: harness, close: () => harness.close() };
  });
}

/** Runs one property on stores opened for it, and closes them whatever comes of it. */
export async function checkHouseProperty(
  property: Property<HouseSubject>,
  open: () => Promise<HouseStores>,
): Promise<void> {
  const opened: HouseStores[] = [];
  const openAnother = async () => {
    const stores = await open();
    opened.push(stores);
    return stores;
  };
  try {
    await property.run({ stores: await openAnother(), open: openAnother });
  } finally {
    await Promise.all(opened.map((stores) => stores.close()));
  }
}
