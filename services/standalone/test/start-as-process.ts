import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface OneProcess {
  readonly url: string;
  readonly dataFolder: string;
  /** Where OTLP is taken; empty where that door is off. */
  readonly otlp: { readonly grpc: string; readonly http: string };
  /** Ctrl-C; rejects when it does not end well. Its data go with it. */
  stop(): Promise<void>;
}

/** The one process as `npm start` has it, with a folder and ports of its own, ready for the first request. */
export async function startAsProcess(env: Readonly<Record<string, string>>): Promise<OneProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-one-'));
  const dataFolder = join(folder, 'data');
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      TRACEPOST_TELEMETRY: 'embedded',
      TRACEPOST_PORT: '0',
      TRACEPOST_OTLP_GRPC_PORT: 'off',
      TRACEPOST_OTLP_HTTP_PORT: '0',
      TRACEPOST_DATA_DIR: dataFolder,
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.once('exit', () => reject(new Error(`it did not start: ${said}`)));
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      said += part;
      if (said.includes('/api/docs')) resolve(said);
    });
  });
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(told) ?? [];
  const [, grpc = ''] = /(http:\/\/127\.0\.0\.1:\d+) \(gRPC\)/.exec(told) ?? [];
  const [, http = ''] = /(http:\/\/127\.0\.0\.1:\d+) \(HTTP\)/.exec(told) ?? [];
  return {
    url,
    dataFolder,
    otlp: { grpc, http },
    async stop() {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGINT');
        const [code, signal] = await ended;
        if (code !== 0) throw new Error(`it ended with ${code ?? signal}`);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
