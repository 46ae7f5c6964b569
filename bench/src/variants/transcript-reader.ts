import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { sayReady } from './ready.ts';

/** Those of the thread of session-analyst, which reads the transcripts that are imported. */
const LIMITS = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 8 };

// Has one transcript read from standard input and says what it was and what it took. The memory is the most that the whole process ever had.
process.on('message', async () => {
  const thread = new Worker(new URL('./transcript-thread.ts', import.meta.url), { resourceLimits: LIMITS });
  const [answer] = await once(thread, 'message');
  process.send?.({ ...answer, peakRssMb: process.resourceUsage().maxRSS / 1024 });
});
sayReady({});
