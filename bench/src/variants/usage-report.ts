import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionDocument, SessionModelCall } from '@tracepost/contracts';
import { NO_TOKENS } from '@tracepost/contracts/token-usage';
import { createPriceBook, sumUsd } from '@tracepost/pricing';
import { readTranscript, uniteDocuments } from '@tracepost/transcripts';

// What all transcripts below a folder took, by day and in all, as JSON: every call once, by the id of its answer, in whichever files it stands.
const [folder = '.'] = process.argv.slice(2);
const CHUNK = Buffer.allocUnsafeSlow(128 * 1024);
const documents = new Map<string, SessionDocument>();
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!name.endsWith('.jsonl')) continue;
  const reading = await readTranscript(chunks(join(folder, name)), { fileName: name, wanted: 'usage' });
  for (const document of reading.documents) {
    const known = documents.get(document.sessionId);
    documents.set(document.sessionId, known ? uniteDocuments(known, document) : document);
  }
}
const calls = new Map<string, SessionModelCall>();
for (const document of documents.values()) for (const call of document.calls) calls.set(call.callId, call);
const priceBook = createPriceBook();
const priced = Array.from(calls.values(), (call) => ({ call, usd: priceBook.price(call).totalUsd ?? 0 }));
const days = Map.groupBy(priced, ({ call: { atMs } }) =>
  atMs === null ? 'unknown' : new Date(atMs).toISOString().slice(0, 10),
);
const daily = Array.from(days, ([date, ofDay]) => ({ date, ...totalsOf(ofDay) }));
console.log(JSON.stringify({ daily, totals: totalsOf(priced) }));

interface Priced {
  readonly call: SessionModelCall;
  readonly usd: number;
}

/** Nothing else is to be done while a file is read, and the same room serves for all. */
async function* chunks(path: string): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const read = (): number => readSync(file, CHUNK, 0, CHUNK.length, null);
    for (let bytes = read(); bytes > 0; bytes = read()) yield CHUNK.subarray(0, bytes);
  } finally {
    closeSync(file);
  }
}

function totalsOf(some: readonly Priced[]): Readonly<Record<string, number>> {
  const sum = { input: 0, output: 0, cacheWrite: 0, cacheRead: 0 };
  for (const { call } of some) {
    const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } = call.usage ?? NO_TOKENS;
    const cacheWrite = cacheWrite5m + cacheWrite1h;
    sum.input += input - cacheRead - cacheWrite;
    sum.output += output;
    sum.cacheWrite += cacheWrite;
    sum.cacheRead += cacheRead;
  }
  return { calls: some.length, ...sum, usd: sumUsd(some.map(({ usd }) => usd)) };
}
