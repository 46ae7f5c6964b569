import type { SessionDocument } from '@tracepost/contracts';
import type { SessionFilters } from './window-asked.ts';

/** The calls of the provider and the model that are asked for, the tools that these called, and what was said in them. All, where neither is asked for. */
export function ofModel<Document extends Pick<SessionDocument, 'messages' | 'calls' | 'tools'>>(
  document: Document,
  { provider, model }: Pick<SessionFilters, 'provider' | 'model'>,
): Document {
  if (provider === undefined && model === undefined) return document;
  const calls = document.calls.filter(
    (call) => (provider === undefined || call.provider === provider) && (model === undefined || call.model === model),
  );
  const ids = new Set<string | null>(calls.map(({ callId }) => callId));
  const isOfThem = ({ callId }: { readonly callId: string | null }): boolean => ids.has(callId);
  return { ...document, calls, tools: document.tools.filter(isOfThem), messages: document.messages.filter(isOfThem) };
}
