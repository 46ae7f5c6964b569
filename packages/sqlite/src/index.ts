export {
  CannotOpenError,
  FolderInUseError,
  OverloadedError,
  SqliteUnavailableError,
  StatementRefusedError,
  WriteFailedError,
} from './errors.ts';
export { type FolderLock, lockFolder } from './lock-folder.ts';
export { cannotFill, describeRescue, openSound, type SoundOptions } from './open-sound.ts';
export { openSqlite } from './open-sqlite.ts';
export { type Rescue, type RescueOptions, rescueFile } from './rescue-file.ts';
export type {
  Sqlite,
  SqliteOptions,
  SqliteRow,
  SqliteSession,
  SqliteState,
  SqliteValue,
  Statement,
  StatementResult,
} from './sqlite.ts';
