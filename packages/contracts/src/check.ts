import { Compile } from 'typebox/compile';
import { AgentAnnouncement } from './agent.ts';
import { ControlMessage } from './control.ts';
import { RecordedEvent, RecordedMetric } from './recording.ts';
import { TaskEvent } from './task-event.ts';

/** Null when `value` is a task event, else what is wrong with it, for a person. */
export function faultOfTaskEvent(value: unknown): string | null {
  taskEvent ??= Compile(TaskEvent);
  return taskEvent.Check(value) ? null : firstFault(taskEvent.Errors(value));
}

/** Null when `value` is an announcement, else what is wrong with it, for a person. */
export function faultOfAnnouncement(value: unknown): string | null {
  announcement ??= Compile(AgentAnnouncement);
  return announcement.Check(value) ? null : firstFault(announcement.Errors(value));
}

/** Null when `value` is a control message, else what is wrong with it, for a person. */
export function faultOfControlMessage(value: unknown): string | null {
  control ??= Compile(ControlMessage);
  return control.Check(value) ? null : firstFault(control.Errors(value));
}

/** Null when `value` is a recorded event, else what is wrong with it, for a person. */
export function faultOfRecordedEvent(value: unknown): string | null {
  recordedEvent ??= Compile(RecordedEvent);
  return recordedEvent.Check(value) ? null : firstFault(recordedEvent.Errors(value));
}

/** Null when `value` is a recorded metric, else what is wrong with it, for a person. */
export function faultOfRecordedMetric(value: unknown): string | null {
  recordedMetric ??= Compile(RecordedMetric);
  return recordedMetric.Check(value) ? null : firstFault(recordedMetric.Errors(value));
}

// Compiled when first used: not every process takes events, and each costs milliseconds at start.
let taskEvent: ReturnType<typeof Compile<typeof TaskEvent>> | undefined;
let control: ReturnType<typeof Compile<typeof ControlMessage>> | undefined;
let recordedEvent: ReturnType<typeof Compile<typeof RecordedEvent>> | undefined;
let recordedMetric: ReturnType<typeof Compile<typeof RecordedMetric>> | undefined;
let announcement: ReturnType<typeof Compile<typeof AgentAnnouncement>> | undefined;

function firstFault(errors: readonly { instancePath: string; message: string }[]): string {
  const [first] = errors;
  return first ? `${first.instancePath || '/'} ${first.message}` : 'it has another form';
}
