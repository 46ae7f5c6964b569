import type { SessionToolCall } from '@tracepost/contracts';
import { type CategoryOf, commandOf } from './shell.ts';
import type { Step } from './steps.ts';

/** An entry that structure says is an error: nothing else is ever read for the words of one. */
export interface ErrorEntry {
  readonly step: Step;
  /** A status, an error type, an exit code; null: structure tells only that it failed. */
  readonly type: string | null;
  readonly text: string;
  /** What was run, where the tool runs programs: then the text is whatever they printed. Null: the text is the tool's or the provider's own. */
  readonly command: string | null;
}

/** In order. A refusal by the user and an abort are none. */
export function errorEntries(steps: readonly Step[], categoryOf: CategoryOf): readonly ErrorEntry[] {
  const entries: ErrorEntry[] = [];
  for (const step of steps) {
    if (step.kind === 'message' || step.entry.status !== 'failed') continue;
    const type = step.entry.error?.type ?? null;
    if (step.kind === 'call') entries.push({ step, type, text: step.entry.error?.message ?? '', command: null });
    else entries.push({ step, type, ...ofTool(step.entry, categoryOf) });
  }
  return entries;
}

function ofTool(tool: SessionToolCall, categoryOf: CategoryOf): Pick<ErrorEntry, 'text' | 'command'> {
  const command = commandOf(tool, categoryOf);
  return { text: command === null ? tool.error?.message || tool.result || '' : outputOf(tool), command };
}

/** Between the beginning and the end of an error that was too long to be kept whole. */
const LEFT_OUT = '\n…\n';

/** Of the output and the error, which is often but its beginning and its end, the longer one; both where they are two. */
function outputOf({ error, result }: SessionToolCall): string {
  const [message, output] = [error?.message ?? '', result ?? ''];
  const beginning = message.trim().slice(0, 200);
  if (beginning === '' || output.includes(beginning)) {
    const cut = message.lastIndexOf(LEFT_OUT);
    const end = cut < 0 ? '' : message.slice(cut);
    return output.includes(end.slice(LEFT_OUT.length)) ? output : output + end;
  }
  return output === '' || message.includes(output.trim().slice(0, 200)) ? message : `${output}\n${message}`;
}
