import { WEATHER } from './open-world.ts';

export const announcements = [{ ...WEATHER, state: 'stopped' as const, at: '2026-11-01T00:00:00.000Z' }];
