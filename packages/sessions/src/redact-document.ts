import type {
  SessionDocument,
  SessionError,
  SessionMessage,
  SessionModelCall,
  SessionToolCall,
} from '@tracepost/contracts';
import { redactSecrets } from '@tracepost/telemetry';

/**
 * The document without secrets and addresses in any of its texts; its numbers stay what they were, also those that say how long a text
 * is. Redacting again changes nothing.
 */
export function redactDocument(document: SessionDocument): SessionDocument {
  const { agentId, title, outcome, facts, messages, calls, tools, telemetry } = document;
  return {
    ...document,
    // Also what names are made of again when spans are united.
    agentId: redactSecrets(agentId),
    title: redactKnown(title),
    outcome: outcome && { ...outcome, detail: redactKnown(outcome.detail) },
    // Entries, so that a fact of any name stays one.
    facts: Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, redactFact(name, fact)])),
    messages: messages.map(redactMessage),
    calls: calls.map(redactCall),
    tools: tools.map(redactTool),
    ...(telemetry && {
      telemetry: {
        ...telemetry,
        spans: telemetry.spans.map((span) => ({
          ...span,
          name: redactSecrets(span.name),
          agent: redactKnown(span.agent),
        })),
        calls: telemetry.calls.map(({ span, call }) => ({ span, call: redactCall(call) })),
        tools: telemetry.tools.map(redactTool),
        messages: telemetry.messages.map(redactMessage),
        ...(telemetry.bare && {
          bare: telemetry.bare.map((told) => ({ ...told, rawUsage: redactKnown(told.rawUsage) })),
        }),
      },
    }),
  };
}

/** With its name, which may say that it is one that nobody should see. */
function redactFact(name: string, fact: string): string {
  const line = `${name}=`;
  const redacted = redactSecrets(line + fact);
  return redacted.startsWith(line) ? redacted.slice(line.length) : redactSecrets(fact);
}

/** Parts are redacted one by one: each has to find its own piece of the text again. */
function redactMessage(message: SessionMessage): SessionMessage {
  const { text, parts } = message;
  const subagent = redactKnown(message.subagent);
  if (!parts) return { ...message, subagent, text: redactSecrets(text) };
  const pieces: string[] = [];
  let from = 0;
  const redactedParts = parts.map((part) => {
    if (part.kept === 0) return part;
    const piece = redactSecrets(text.slice(from, from + part.kept));
    from += part.kept + 1;
    pieces.push(piece);
    return { ...part, kept: piece.length };
  });
  return { ...message, subagent, text: pieces.join('\n'), parts: redactedParts };
}

function redactCall(call: SessionModelCall): SessionModelCall {
  return {
    ...call,
    subagent: redactKnown(call.subagent),
    error: redactError(call.error),
    rawUsage: redactKnown(call.rawUsage),
  };
}

function redactTool(tool: SessionToolCall): SessionToolCall {
  return {
    ...tool,
    subagent: redactKnown(tool.subagent),
    arguments: redactSecrets(tool.arguments),
    result: redactKnown(tool.result),
    error: redactError(tool.error),
  };
}

function redactError(error: SessionError | null): SessionError | null {
  return error && { ...error, message: redactSecrets(error.message) };
}

function redactKnown(text: string | null): string | null {
  return text === null ? null : redactSecrets(text);
}
