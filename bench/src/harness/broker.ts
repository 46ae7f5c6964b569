import { execFile, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { OTHER_CORE } from './variant.ts';

const run = promisify(execFile);

export interface BenchBroker {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Empties the queues that rounds fill, so that none reaches its length limit. Gives how many messages lay there. */
  purge(queues: readonly string[]): Promise<number>;
  stop(): Promise<void>;
}

/**
 * A RabbitMQ in a container of its own, on the other core. `disk: 'memory'`: what it flushes goes nowhere, so that the pauses of a
 * disk that is shared with others are not taken for those of whoever waits for a confirm.
 */
export async function startBenchBroker({
  disk = 'real',
}: {
  readonly disk?: 'real' | 'memory';
} = {}): Promise<BenchBroker> {
  const username = 'bench';
  const password = 'bench';
  const args = ['run', '-d', '--rm', '--cpuset-cpus', OTHER_CORE];
  if (disk === 'memory') args.push('--mount', 'type=tmpfs,destination=/var/lib/rabbitmq,tmpfs-mode=1777');
  const id = execFileSync(
    'docker',
    [
      ...args,
      '-e',
      `RABBITMQ_DEFAULT_USER=${username}`,
      '-e',
      `RABBITMQ_DEFAULT_PASS=${password}`,
      'rabbitmq:4.3-management',
    ],
    { encoding: 'utf8' },
  ).trim();
  // By its own address: a published port is served by a proxy process, which would run on either core and take part in the race.
  const address = execFileSync(
    'docker',
    ['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', id],
    { encoding: 'utf8' },
  ).trim();
  const url = `amqp://${address}:5672`;
  const signedIn = `amqp://${username}:${password}@${address}:5672`;
  const connection = await untilConnected(signedIn);
  const channel = await connection.createChannel();
  return {
    url,
    username,
    password,
    async purge(queues) {
      let count = 0;
      for (const queue of queues) count += (await channel.purgeQueue(queue)).messageCount;
      return count;
    },
    async stop() {
      await connection.close();
      await run('docker', ['stop', '-t', '2', id]);
    },
  };
}

async function untilConnected(url: string): ReturnType<typeof connect> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await connect(url);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(500);
    }
  }
}
