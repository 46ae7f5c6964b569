import { idOf } from '../building/values.ts';

/** Folders of events inside the folder of their session. */
const INSIDE = new Set(['events', 'event', 'event_cache']);

/** The folder of a session has its id for a name; null: the path names none. */
export function sessionOfFolder(filePath: string | null): string | null {
  const folders = (filePath ?? '').split(/[\\/]/).slice(0, -1);
  return sessionIdOf(folders.findLast((folder) => !INSIDE.has(folder) && !/^\.{0,2}$/.test(folder)));
}

/** Of several events of one folder in one file, which lies there or is called so; null: it does not. */
export function sessionOfEventFolder(filePath: string | null): string | null {
  return /[\\/]events?[\\/][^\\/]+$/.test(filePath ?? '') ? sessionOfFolder(filePath) : null;
}

/** Events are kept a second time, many in a list, in a folder beside that of their files; null: this is no such list. */
export function sessionOfEventCache(filePath: string | null): string | null {
  return /[\\/]event_cache[\\/]\d{1,8}-\d{1,8}\.json$/.test(filePath ?? '') ? sessionOfFolder(filePath) : null;
}

/** Ids are written with and without dashes. */
export function sessionIdOf(value: unknown): string | null {
  const id = idOf(value);
  return id !== null && /^[0-9a-f-]{32,36}$/i.test(id) ? id.replaceAll('-', '').toLowerCase() : id;
}

/** Where an event stands among the others: `event-00012-….json`, `12.json`. */
export function placeOfFile(fileName: string | null): number {
  const [, place] = /^(?:event[-_])?(\d{1,8})(?=[-_.])/.exec(fileName ?? '') ?? [];
  return Number(place ?? 0);
}
