import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{packages,services,examples,bench,deploy,grafana,test}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Real servers share two cores with the tests: more workers would only make each of them late.
    maxWorkers: 2,
  },
});
