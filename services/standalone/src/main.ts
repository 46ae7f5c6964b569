import { runService } from '@tracepost/config';
import { readStandaloneConfig } from './config.ts';
import { greet } from './greeting.ts';
import { writeSample } from './sample.ts';
import { startStandalone } from './start-standalone.ts';

/** `npm start`: one process, no Docker. */
await runService(
  async (life) => {
    const config = readStandaloneConfig();
    const urls = await startStandalone(config, life);
    await writeSample(config.dataFolder);
    const { dataFolder, agents, weatherProvider } = config;
    console.log(greet({ ...urls, dataFolder, agents, isWeatherSimulated: weatherProvider === 'simulated' }));
    life.stopping.addEventListener('abort', () => {
      console.log(
        'Stopping; tasks at work get 8 seconds, then they go back to the queue. Ctrl-C again ends it at once.',
      );
    });
  },
  // Running tasks get their eight seconds before the rest stops.
  { stopWithinMs: 14_000 },
);
