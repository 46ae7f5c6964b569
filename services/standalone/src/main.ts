import { readStandaloneConfig } from './config.ts';
import { greet } from './greeting.ts';
import { writeSample } from './sample.ts';
import { startStandalone } from './start-standalone.ts';

/** `npm start`: one process, no Docker. */
try {
  const config = readStandaloneConfig();
  const standalone = await startStandalone(config);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void standalone.close());
  const hasSample = await writeSample(config.dataFolder).then(
    () => true,
    () => false,
  );
  console.log(greet({ url: standalone.url, dataFolder: config.dataFolder, hasSample }));
} catch (error) {
  // One sentence for what a user can mend (a taken port, a folder in use, a wrong setting); anything else is our
  // fault, and its stack is what we need.
  const isExpected = error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
  console.error(isExpected ? (error as Error).message : error);
  process.exitCode = 1;
}
