import { cannotFill, describeRescue, openSound, type SoundOptions } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';
import type { Broker } from '../broker.ts';
import { EmbeddedBroker } from './embedded-broker.ts';
import { load } from './load.ts';
import { type Mended, mendQueueFile } from './mend.ts';
import { SCHEMA } from './schema.ts';
import { tellLost } from './tell-lost.ts';

export interface EmbeddedBrokerOptions {
  /** The queue file; nobody else can have it open, in this process or any other. */
  readonly path: string;
  readonly telemetry: Telemetry;
  /** A damaged file is set aside, and what can be read of it stands in a new one; else it is refused. */
  readonly rescueDamaged?: boolean;
  /** How much of waiting messages is kept in memory besides the file; default 64 MiB. */
  readonly memoryLimitBytes?: number;
  /** How long a publish waits for its commit before it is told as `unconfirmed`; default 5,000. */
  readonly confirmTimeoutMs?: number;
  /** Publishes that wait for their commit at a time, past which they are told as `unreachable`; default 10,000. */
  readonly maxUnconfirmed?: number;
}

/**
 * A broker inside this process that keeps RabbitMQ's promises on one SQLite file: confirmed means on the disk. Resolves with
 * state `ready` and everything that an earlier process left. Rejects with `CannotOpenError` of `@tracepost/sqlite`.
 */
export async function openEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<Broker> {
  const { path, telemetry, rescueDamaged = false } = options;
  let mended: Mended | null = null;
  const onRescued: SoundOptions['onRescued'] = (rescue) => {
    telemetry.logger.error({ layer: 'queue', result: 'partial' }, describeRescue(path, rescue));
    if (mended) tellMended(telemetry, mended);
  };
  const database = await openSound({
    path,
    synchronous: 'FULL',
    schema: SCHEMA,
    exclusive: true,
    onRescued: rescueDamaged ? onRescued : undefined,
    mend: async (fresh) => {
      mended = await mendQueueFile(fresh);
    },
  });
  try {
    let loaded = await load(database);
    if (loaded.hasStrays) {
      tellMended(telemetry, await mendQueueFile(database));
      loaded = await load(database);
    }
    return new EmbeddedBroker({ ...options, database, loaded });
  } catch (error) {
    await database.close();
    throw cannotFill(path, error);
  }
}

function tellMended(telemetry: Telemetry, { lost, replaced }: Mended): void {
  for (const [queue, count] of lost) tellLost(telemetry, queue, count);
  for (const [queue, count] of replaced) {
    telemetry.logger.warn(
      { layer: 'queue', queue, count },
      `${count} messages of ${queue} have lost their places in it: they are at its end now, and one that was taken already may come again`,
    );
  }
}
