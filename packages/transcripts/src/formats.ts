import { claudeCode, claudeCodeList } from './claude-code/claude-code.ts';
import { codex, codexWhole } from './codex/codex.ts';
import type { Format } from './format-reader.ts';
import { geminiCliLines, geminiCliLogs, geminiCliSession } from './gemini-cli/index.ts';
import {
  openHandsCompletionLog,
  openHandsEventFile,
  openHandsEventLines,
  openHandsTrajectory,
} from './openhands/index.ts';
import {
  jaegerTraces,
  langfuseLines,
  langfuseObservations,
  langfuseTrace,
  otlpLines,
  otlpWhole,
  spanRowLines,
  spanRowList,
  spanRowsInARow,
} from './otel/index.ts';
import { pi } from './pi/pi.ts';
import { miniSweAgent, sweAgent } from './swe-agent/index.ts';
import { tau2Bench, tauBench } from './tau-bench/index.ts';

/** Asked in this order: the narrow ones first, so that a format that is recognised by little comes last. */
export const FORMATS: readonly Format[] = [
  claudeCode,
  claudeCodeList,
  codex,
  pi,
  otlpLines,
  otlpWhole,
  langfuseTrace,
  langfuseLines,
  langfuseObservations,
  jaegerTraces,
  spanRowLines,
  spanRowsInARow,
  geminiCliLines,
  openHandsEventLines,
  geminiCliSession,
  geminiCliLogs,
  codexWhole,
  tauBench,
  tau2Bench,
  miniSweAgent,
  sweAgent,
  openHandsCompletionLog,
  openHandsTrajectory,
  openHandsEventFile,
  spanRowList,
];
