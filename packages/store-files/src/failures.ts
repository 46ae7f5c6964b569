import { StoreUnavailableError } from '@tracepost/stores';

/** Words for what the disk says; any other error stays as it is. */
export function explainFailure(error: unknown, root: string): unknown {
  const reason = REASONS[codeOf(error)];
  if (reason === undefined) return error;
  return new StoreUnavailableError('files', `Artifacts cannot be kept in ${root}: ${reason}. Nothing was kept.`, {
    cause: error,
  });
}

export function damaged(artifactId: string, how: string): StoreUnavailableError {
  return new StoreUnavailableError('files', `The artifact ${artifactId} is damaged: ${how}.`);
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission is missing',
  EPERM: 'permission is missing',
  EIO: 'the disk reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOTDIR: 'a file stands where a folder should be',
  EEXIST: 'a file stands where a folder should be',
};

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '');
}
