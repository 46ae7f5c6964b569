import { createReadStream } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { readTranscript } from '@tracepost/transcripts';

// Reads one transcript from the standard input of the process, as the thread of an agent reads a file, and goes through everything that was read.
const began = performance.now();
const { documents, skipped, skippedCount, lines, bytes } = await readTranscript(createReadStream('', { fd: 0 }));
const seconds = (performance.now() - began) / 1000;
const counted = { messages: 0, characters: 0, calls: 0, outputTokens: 0, tools: 0 };
for (const document of documents) {
  for (const { characters } of document.messages) {
    counted.messages++;
    counted.characters += characters;
  }
  for (const { usage } of document.calls) {
    counted.calls++;
    counted.outputTokens += usage?.output ?? 0;
  }
  for (const _ of document.tools) counted.tools++;
}
const secondsInAll = (performance.now() - began) / 1000;
parentPort?.postMessage({ lines, bytes, ...counted, skipped, skippedCount, seconds, secondsInAll });
