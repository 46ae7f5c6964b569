import type { ArtifactStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { Agent } from '../define-agent.ts';

/**
 * Where a thread gets its agents from. Functions cannot cross to another thread, so that it is told a module, the name of the function
 * that it exports, and plain data for it.
 */
export interface AgentModule {
  readonly url: URL;
  readonly exportName: string;
  /** Anything that `structuredClone` takes. */
  readonly data: unknown;
}

/** What the function gives: agents, and what belongs to this thread alone. Called once in each thread. */
export type OpenAgents<D> = (data: D, telemetry: Telemetry) => Promise<OpenedAgents>;

export interface OpenedAgents {
  readonly agents: readonly Agent[];
  readonly artifacts: ArtifactStore;
}

/** Throws when the module cannot be loaded or gives something else. */
export async function openAgentModule(
  { url, exportName, data }: { readonly url: string; readonly exportName: string; readonly data: unknown },
  telemetry: Telemetry,
): Promise<OpenedAgents> {
  const module = (await import(url)) as Readonly<Record<string, unknown>>;
  const open = module[exportName];
  if (typeof open !== 'function') throw new TypeError(`${url} exports no function "${exportName}"`);
  // The module is named by our own code; its type is the one above.
  return (open as OpenAgents<unknown>)(data, telemetry);
}
