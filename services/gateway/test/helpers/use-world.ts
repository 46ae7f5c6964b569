import { afterAll, beforeAll } from 'vitest';
import { openWorld, type World, type WorldOptions } from './open-world.ts';

/** One gateway for the tests of a suite, closed after them. */
export function useWorld(options: WorldOptions = {}): () => World {
  let world: World | undefined;
  beforeAll(async () => {
    world = await openWorld(options);
  });
  afterAll(async () => world?.[Symbol.asyncDispose]());
  return () => {
    if (!world) throw new Error('The gateway runs only while the tests of its suite run');
    return world;
  };
}
