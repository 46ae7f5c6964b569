import type { SessionStore } from '../session-store.ts';
import { describeProperties, type Property } from './signal-property.ts';

/** A store of sessions, and one more on the same data, as a second process would open it; the suite closes it. */
export interface SessionSubject {
  readonly store: SessionStore;
  open(): Promise<SessionStore>;
  damage: SessionHarness['damage'];
}

export type SessionPart = 'analysis' | 'document' | 'summary';

export interface SessionHarness {
  open(): Promise<SessionStore>;
  /** Puts a few other bytes in the place of this part of a session, as a failing disk would; its analysis when nothing is said. */
  damage(sessionId: string, part?: SessionPart): Promise<void>;
  close(): Promise<void>;
}

/** One set of data for all properties; each runs on stores opened for it. */
export function describeSessionProperties(
  title: string,
  properties: readonly Property<SessionSubject>[],
  createHarness: () => Promise<SessionHarness>,
): void {
  const opening = properties.map((property) => ({
    ...property,
    run: (harness: SessionHarness) => checkSessionProperty(property, harness),
  }));
  describeProperties(title, opening, async () => {
    const harness = await createHarness();
    return { subject: harness, close: () => harness.close() };
  });
}

/** Runs one property on stores opened for it, and closes them whatever comes of it. */
export async function checkSessionProperty(
  property: Property<SessionSubject>,
  harness: Pick<SessionHarness, 'open' | 'damage'>,
): Promise<void> {
  const opened: SessionStore[] = [];
  const openAnother = async () => {
    const store = await harness.open();
    opened.push(store);
    return store;
  };
  try {
    await property.run({
      store: await openAnother(),
      open: openAnother,
      damage: (...damaged) => harness.damage(...damaged),
    });
  } finally {
    await Promise.all(opened.map((store) => store.close()));
  }
}
