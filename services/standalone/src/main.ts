import { runService } from '@tracepost/config';
import { readStandaloneConfig } from './config.ts';
import { greet } from './greeting.ts';
import { writeSample } from './sample.ts';
import { startStandalone } from './start-standalone.ts';

/** `npm start`: one process, no Docker. */
await runService(
  async (life) => {
    const config = readStandaloneConfig();
    const { url } = await startStandalone(config, life);
    const hasSample = await writeSample(config.dataFolder).then(
      () => true,
      () => false,
    );
    console.log(greet({ url, dataFolder: config.dataFolder, hasSample }));
  },
  // Running tasks get their eight seconds before the rest stops.
  { stopWithinMs: 14_000 },
);
