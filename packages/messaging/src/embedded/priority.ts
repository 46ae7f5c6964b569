/** RabbitMQ's priority of a message that names none. */
const DEFAULT = 4;
const HIGHEST = 31;

export function priorityOf(given: number | null | undefined): number {
  return Math.min(Math.max(Math.trunc(given ?? DEFAULT), 0), HIGHEST);
}
