import { createRequire } from 'node:module';

/** The part of OpenCV that we use. The package's own types describe OpenCV's C++ and differ from what its JavaScript does. */
export interface OpenCv {
  readonly Mat: new (rows?: number, columns?: number, type?: number) => Mat;
  readonly Rect: new (x: number, y: number, width: number, height: number) => unknown;
  readonly CV_8UC1: number;
  readonly CV_8UC3: number;
  readonly CV_64FC1: number;
  readonly COLOR_RGB2Lab: number;
  readonly GC_EVAL: number;
  readonly HEAPU8: Uint8Array;
  cvtColor(source: Mat, target: Mat, code: number): void;
  medianBlur(source: Mat, target: Mat, size: number): void;
  grabCut(
    image: Mat,
    mask: Mat,
    rect: unknown,
    background: Mat,
    foreground: Mat,
    iterations: number,
    mode: number,
  ): void;
}

/** Lies in WebAssembly memory, which no garbage collector sees: whoever makes one must `delete()` it. */
export interface Mat {
  readonly data: Uint8Array;
  readonly data64F: Float64Array;
  delete(): void;
}

/** `in` is a trap: the module is a thenable that resolves with itself, so a promise of it would never settle. Hence the box. */
export interface LoadedOpenCv {
  readonly cv: OpenCv;
}

type OpenCvModule = OpenCv & { onRuntimeInitialized?: () => void; readonly calledRun?: boolean };

/** Compiles 10 MB of WebAssembly (about 0.2 s); called in a worker thread only, when the first image comes. */
export function loadOpenCv(): Promise<LoadedOpenCv> {
  const listenersBefore = { exception: listeners('uncaughtException'), rejection: listeners('unhandledRejection') };
  const module = createRequire(import.meta.url)('@techstark/opencv-js') as OpenCvModule;
  // Its runtime takes over the thread's error handling (and turns an unhandled rejection into an abort): give it back.
  removeNew('uncaughtException', listenersBefore.exception);
  removeNew('unhandledRejection', listenersBefore.rejection);

  if (module.calledRun) return Promise.resolve({ cv: module });
  return new Promise((resolve) => {
    module.onRuntimeInitialized = () => resolve({ cv: module });
  });
}

/** Deletes every Mat that `work` asked for, whatever happens. */
export function withMats<T>(cv: OpenCv, work: (createMat: (...size: [] | [number, number, number]) => Mat) => T): T {
  const mats: Mat[] = [];
  try {
    return work((...size) => {
      const mat = new cv.Mat(...size);
      mats.push(mat);
      return mat;
    });
  } finally {
    for (const mat of mats) mat.delete();
  }
}

type ErrorEvent = 'uncaughtException' | 'unhandledRejection';
type Listener = (...values: unknown[]) => void;

function listeners(event: ErrorEvent): readonly Listener[] {
  return process.listeners(event as 'uncaughtException') as Listener[];
}

function removeNew(event: ErrorEvent, before: readonly Listener[]): void {
  for (const listener of listeners(event)) {
    if (!before.includes(listener)) process.removeListener(event, listener);
  }
}
