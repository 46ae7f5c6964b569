import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

export default defineConfig({
  test: {
    include: ['{packages,services,examples,bench,deploy,grafana,test}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Real servers share two cores with the tests: more workers would only make each of them late.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Several one-process installations run side by side: each takes any free port for telemetry of others, unless its test says which.
    env: { TRACEPOST_OTLP_GRPC_PORT: '0', TRACEPOST_OTLP_HTTP_PORT: '0' },
  },
});
