/** The statement itself is wrong or breaks a constraint: nothing of its unit was stored; sending it again changes nothing. */
export class StatementRefusedError extends Error {
  readonly code = 'sqlite/statement-refused';
  readonly isRetryable = false;
  /** SQLite's extended result code, for example 2067 for a UNIQUE constraint; 0 when it came from the binding of values. */
  readonly sqliteCode: number;

  constructor(message: string, sqliteCode = 0, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StatementRefusedError';
    this.sqliteCode = sqliteCode;
  }
}

/** The disk is full, broken or read-only, or the file is damaged: nothing of the unit was stored; a later try may succeed. */
export class WriteFailedError extends Error {
  readonly code = 'sqlite/write-failed';
  readonly isRetryable = true;
  readonly sqliteCode: number;

  constructor(message: string, sqliteCode = 0, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WriteFailedError';
    this.sqliteCode = sqliteCode;
  }

  /** The file is no longer a whole database. */
  get isDamaged(): boolean {
    return DAMAGED_CODES.has(this.sqliteCode & 0xff);
  }
}

/** CORRUPT and NOTADB; an extended code carries the primary one in its low byte. */
const DAMAGED_CODES = new Set([11, 26]);

/** Too much is waiting already: nothing was sent; slow down and try again. */
export class OverloadedError extends Error {
  readonly code = 'sqlite/overloaded';
  readonly isRetryable = true;
  override readonly name = 'OverloadedError';
}

/** The database is closed, or its thread died: what was under way may be stored or not; open it again. */
export class SqliteUnavailableError extends Error {
  readonly code = 'sqlite/unavailable';
  readonly isRetryable = false;
  override readonly name = 'SqliteUnavailableError';
}

/** The file cannot be used: missing permission, not a database, in use, or written by a newer version. Names the path. */
export class CannotOpenError extends Error {
  readonly code = 'sqlite/cannot-open';
  readonly isRetryable = false;
  override readonly name = 'CannotOpenError';
  readonly path: string;
  /** What the file holds is not, or no longer, a database: no permission and no patience will help. */
  readonly isDamaged: boolean;

  constructor(
    path: string,
    message: string,
    { isDamaged = false, cause }: { isDamaged?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.path = path;
    this.isDamaged = isDamaged;
  }
}

/** Another process works in this folder: stop it, or choose another folder. */
export class FolderInUseError extends Error {
  readonly code = 'sqlite/folder-in-use';
  readonly isRetryable = false;
  override readonly name = 'FolderInUseError';
  readonly folder: string;
  /** Process id of the holder; null when it has not told. */
  readonly pid: number | null;

  constructor(folder: string, pid: number | null) {
    const holder = pid === null ? 'another process' : `process ${pid}`;
    super(`The folder ${folder} is in use by ${holder}; stop it or choose another folder.`);
    this.folder = folder;
    this.pid = pid;
  }
}
