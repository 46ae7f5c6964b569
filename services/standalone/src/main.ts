import { readStandaloneConfig } from './config.ts';
import { greet } from './greeting.ts';
import { writeSample } from './sample.ts';
import { type Standalone, startStandalone } from './start-standalone.ts';

const IMPATIENT_AFTER_MS = 1_000;

/** `npm start`: one process, no Docker. */
try {
  const config = readStandaloneConfig();
  const standalone = await startStandalone(config);
  stopOnSignal(standalone);
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

/** A terminal and npm may both send the first signal on; one that comes later is somebody who does not want to wait. */
function stopOnSignal(standalone: Standalone): void {
  let askedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (askedAt === undefined) {
        askedAt = Date.now();
        void standalone.close();
      } else if (Date.now() - askedAt > IMPATIENT_AFTER_MS) {
        process.exit(130);
      }
    });
  }
}
