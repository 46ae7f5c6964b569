import type { CutOutRequest } from './cut-out.ts';

export interface WorkerRequest {
  readonly request: CutOutRequest & { readonly rgba: Uint8Array<ArrayBuffer> };
}

export interface WorkerReply {
  readonly foregroundShare: number | null;
  /** The request's pixels, given back. */
  readonly rgba: Uint8Array<ArrayBuffer>;
  /** WebAssembly memory of the thread; it only ever grows. */
  readonly wasmBytes: number;
}
