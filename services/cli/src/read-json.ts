import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { CommandContext } from './command.ts';
import { InterruptedError, UsageError } from './failures.ts';

/** JSON as it was typed, from `@file`, or from standard input for `-`. Throws `UsageError` for what is none. */
export async function readJson(source: string, context: Pick<CommandContext, 'stdin' | 'signal'>): Promise<unknown> {
  const [content, where] = await read(source, context);
  try {
    return JSON.parse(content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${where} is not JSON: ${reason}`, { cause: error });
  }
}

async function read(
  source: string,
  { stdin, signal }: Pick<CommandContext, 'stdin' | 'signal'>,
): Promise<readonly [content: string, where: string]> {
  if (source === '-') {
    const stop = (): void => void stdin.destroy();
    signal.addEventListener('abort', stop, { once: true });
    const content = await text(stdin).catch((cause) => {
      throw new InterruptedError('Interrupted before standard input had ended', { cause });
    });
    signal.removeEventListener('abort', stop);
    return [content, 'Standard input'];
  }
  if (!source.startsWith('@')) return [source, 'The second argument'];
  const path = source.slice(1);
  try {
    return [await readFile(path, 'utf8'), path];
  } catch (error) {
    const reason = (error as { code?: unknown }).code === 'ENOENT' ? 'there is no such file' : String(error);
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause: error });
  }
}
