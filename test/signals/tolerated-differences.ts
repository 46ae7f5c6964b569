import type { Difference } from './compare.ts';

/**
 * All that may differ between the two ways of running, each with its reason. An entry that no answer needs any more is a mistake, too,
 * and fails the suite; docs/guide/both-ways.md says the same to users.
 */
export interface ToleratedDifference {
  /** Name in the documentation. */
  readonly name: string;
  /** Routes of the API's document to which it applies. */
  readonly routes: readonly string[];
  /** JSON pointer; `*` is any one part. */
  readonly pointer: string;
  readonly reason: string;
  /** True of what depends on the moment: it may be equal by chance, and is then no mistake. */
  readonly isVolatile?: boolean;
  /** What exactly is tolerated there; everything when it is left out. */
  readonly holds?: (difference: Difference) => boolean;
}

const STATUS = ['/health', '/api/v1/status'];

export const TOLERATED: readonly ToleratedDifference[] = [
  {
    name: 'age of the process',
    isVolatile: true,
    routes: STATUS,
    pointer: '/uptimeSeconds',
    reason: 'they were not started in the same instant',
    holds: areNumbers,
  },
  {
    name: 'age of a state',
    isVolatile: true,
    routes: STATUS,
    pointer: '/checks/*/sinceMs',
    reason: 'they were not started in the same instant',
    holds: areNumbers,
  },
  {
    name: 'words of a check',
    isVolatile: true,
    routes: STATUS,
    pointer: '/checks/*/message',
    reason: 'they tell numbers of this moment: tasks of today, free space, what waits',
    holds: ({ embedded, full }) => typeof embedded === 'string' && typeof full === 'string',
  },
  {
    name: 'the outbox',
    routes: STATUS,
    pointer: '/checks/outbox',
    reason: 'embedded, the broker is a file beside it: what fails one fails both, so there is none',
    holds: ({ embedded }) => embedded === undefined,
  },
  {
    name: 'what was recorded so far',
    isVolatile: true,
    routes: STATUS,
    pointer: '/recorded/*',
    reason: 'each counts its own services, too, and full has more of them',
    holds: areNumbers,
  },
  {
    name: 'space that is used',
    isVolatile: true,
    routes: STATUS,
    pointer: '/storage/usedBytes',
    reason: 'embedded it is the whole data folder, in full the folder of the artifacts',
    holds: areNumbers,
  },
];

export function matches({ pointer, holds }: ToleratedDifference, difference: Difference): boolean {
  const [wanted, found] = [pointer.split('/'), difference.pointer.split('/')];
  const isThere = wanted.length === found.length && wanted.every((part, at) => part === '*' || part === found[at]);
  return isThere && (holds?.(difference) ?? true);
}

function areNumbers({ embedded, full }: Difference): boolean {
  return typeof embedded === 'number' && typeof full === 'number';
}
