import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchBroker } from './broker.ts';
import type { BenchPostgres } from './postgres.ts';
import { SYSTEM_CORE } from './variant.ts';

export interface Worker {
  readonly name: string;
  cpuMicros(): number;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const agentFile = fileURLToPath(new URL('../variants/noop-agent.ts', import.meta.url));
const service = fileURLToPath(new URL('../../../services/agents', import.meta.url));

/** The agents service as it is shipped (threads, inbox in Postgres, events), with an agent that does nothing; telemetry off. */
export async function startWorker(name: string, broker: BenchBroker, postgres: BenchPostgres): Promise<Worker> {
  const folder = mkdtempSync(join(tmpdir(), 'tracepost-bench-'));
  writeFileSync(join(folder, 'rabbit'), broker.password);
  writeFileSync(join(folder, 'postgres'), postgres.password);
  const health = await freePort();
  const child = spawn(
    'taskset',
    ['-c', SYSTEM_CORE, process.execPath, '--import', '@tracepost/telemetry/start', 'src/main.ts'],
    {
      cwd: service,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        PATH: process.env.PATH ?? '',
        TRACEPOST_TELEMETRY: 'off',
        TRACEPOST_LOG_LEVEL: 'error',
        TRACEPOST_RABBITMQ_URL: broker.url,
        TRACEPOST_RABBITMQ_USER: broker.username,
        TRACEPOST_RABBITMQ_PASSWORD_FILE: join(folder, 'rabbit'),
        TRACEPOST_POSTGRES_HOST: '127.0.0.1',
        TRACEPOST_POSTGRES_PORT: String(postgres.port),
        TRACEPOST_POSTGRES_DATABASE: postgres.database,
        TRACEPOST_POSTGRES_USER: postgres.user,
        TRACEPOST_POSTGRES_PASSWORD_FILE: join(folder, 'postgres'),
        TRACEPOST_ARTIFACTS_DIR: join(folder, 'artifacts'),
        TRACEPOST_HEALTH_PORT: String(health),
        TRACEPOST_AGENTS: 'weather',
        TRACEPOST_AGENT_FILES: agentFile,
      },
    },
  );
  await untilReady(child, `http://127.0.0.1:${health}/health/ready`);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  return {
    name,
    cpuMicros: () => cpuMicros(child.pid as number),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.status === 200) return;
    if (Date.now() > deadline) throw new Error('the worker does not get ready');
    await sleep(50);
  }
}

function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}
