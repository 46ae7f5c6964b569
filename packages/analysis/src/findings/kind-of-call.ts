import type { SessionToolCall } from '@tracepost/contracts';
import { type CategoryOf, CONTROL_WORDS, commandOf, shellParts } from './shell.ts';

export type KindOfCall = 'look' | 'write' | 'work' | 'neither';

/** What a call is for: to see something, to change something, to run something, or only to think and talk. */
export function kindOfCall(tool: SessionToolCall, categoryOf: CategoryOf): KindOfCall {
  const category = categoryOf(tool.name);
  if (category === 'file_read' || category === 'search' || category === 'web') return 'look';
  // Editors that can show a file too say so in their arguments.
  if (category === 'file_write') return /"command"\s*:\s*"view"/.test(tool.arguments) ? 'look' : 'write';
  if (category === 'plan' || category === 'communicate') return 'neither';
  const command = commandOf(tool, categoryOf);
  if (command === null || command === '') return 'work';
  const parts = shellParts(command).filter((part) => part.redirects || !CONTROL_WORDS.has(part.program));
  if (parts.some((part) => part.redirects || WRITERS.test(part.words.slice(0, 3).join(' ')))) return 'write';
  return parts.length > 0 && parts.every((part) => LOOKERS.test(part.words.slice(0, 2).join(' '))) ? 'look' : 'work';
}

const WRITERS =
  /^(?:\S*\/)?(?:tee|rm|mv|cp|mkdir|touch|apply_patch|patch|truncate|ln|install|chmod|sed (?:-\w*i|--in-place)|perl -\w*i|git (?:add|commit|apply|rm|mv|checkout|reset))\b/;
const LOOKERS =
  /^(?:\S*\/)?(?:cat|head|tail|less|grep|egrep|rg|ag|ack|find|fd|ls|tree|wc|sort|uniq|cut|nl|bat|stat|file|jq|pwd|cd|echo|which|sed|awk|diff|git (?:log|show|diff|status|grep|blame|ls-files|branch)|curl|wget)\b/;
