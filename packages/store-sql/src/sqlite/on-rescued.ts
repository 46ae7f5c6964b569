import { describeRescue, type SoundOptions } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';

/** Tells what became of a damaged file; undefined, so that it is refused, unless its owner agreed to lose what cannot be read. */
export function onRescued({
  path,
  telemetry: { logger },
  rescueDamaged = false,
}: {
  readonly path: string;
  readonly telemetry: Pick<Telemetry, 'logger'>;
  readonly rescueDamaged?: boolean;
}): SoundOptions['onRescued'] {
  if (!rescueDamaged) return undefined;
  return (rescue) => logger.error({ layer: 'store', result: 'partial' }, describeRescue(path, rescue));
}
