import { statfs } from 'node:fs/promises';

export interface DiskReserve {
  /** Null while telemetry may write; else why it may not. */
  refusal(): Promise<string | null>;
}

const LOOK_EVERY_MS = 500;

/**
 * The last `bytes` of the disk belong to what must not stop when telemetry has filled the rest: the work queue and the records, which lie in
 * the same folder. Looked at twice a second, so one batch or two may still go in.
 */
export function createDiskReserve({ folder, bytes }: { readonly folder: string; readonly bytes: number }): DiskReserve {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<string | null> = Promise.resolve(null);

  const look = async (): Promise<string | null> => {
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      if (free >= bytes) return null;
      return `the disk of ${folder} has ${mebibytes(free)} MiB left, and the last ${mebibytes(bytes)} are kept for tasks`;
    } catch {
      // A disk that cannot be asked is one that the write itself will tell of.
      return null;
    }
  };

  return {
    refusal() {
      const now = performance.now();
      if (now - lookedAtMs >= LOOK_EVERY_MS) {
        lookedAtMs = now;
        looking = look();
      }
      return looking;
    },
  };
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}
