import { parentPort } from 'node:worker_threads';
import { cutOut } from './cut-out.ts';
import { loadOpenCv } from './opencv.ts';
import type { WorkerReply, WorkerRequest } from './worker-messages.ts';

if (parentPort === null) throw new Error('worker.ts runs in a worker thread only');
const port = parentPort;

const loading = loadOpenCv();

port.on('message', async ({ request }: WorkerRequest) => {
  // OpenCV throws numbers. Whatever it is, memory may be left behind: let the thread die, the next image gets a new one.
  const { cv } = await loading;
  const { foregroundShare } = cutOut(cv, request);
  const reply: WorkerReply = { foregroundShare, rgba: request.rgba, wasmBytes: cv.HEAPU8.byteLength };
  port.postMessage(reply, [request.rgba.buffer]);
});
