import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Agent } from '@tracepost/agent-kit';

/** A file that was named as an agent and is none; nothing was started. */
export class AgentFileError extends Error {
  readonly code = 'agents/no-agent-in-file';
}

/** Loads agents that somebody wrote: each file exports one or more values made by `defineAgent`. */
export async function loadAgentFiles(files: readonly string[]): Promise<Agent[]> {
  if (files.length > 0) lendPackages();
  const loaded = await Promise.all(files.map(loadFile));
  return loaded.flat();
}

/**
 * A file that lies outside of this workspace finds no packages beside it. What an agent is written with it gets from
 * here then, so that it is of the same version as its host.
 */
const LENT: ReadonlySet<string> = new Set(['@tracepost/agent-kit', 'typebox']);

function lendPackages(): void {
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!LENT.has(specifier)) throw error;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}

async function loadFile(file: string): Promise<Agent[]> {
  const path = resolve(file);
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AgentFileError(`TRACEPOST_AGENT_FILES names ${file}, which cannot be loaded: ${reason}`, {
      cause: error,
    });
  }
  const agents = Object.values(module).filter(isAgent);
  if (agents.length === 0) {
    throw new AgentFileError(`TRACEPOST_AGENT_FILES names ${file}, which exports nothing made by defineAgent`);
  }
  return agents;
}

function isAgent(value: unknown): value is Agent {
  return (
    typeof value === 'object' && value !== null && 'notifications' in value && 'id' in value && 'capacity' in value
  );
}
