export {
  ARTIFACT_STORE_PROPERTIES,
  type ArtifactStoreHarness,
  type ArtifactStoreProperty,
  checkArtifactStore,
  describeArtifactStoreContract,
} from './artifact-store.ts';
export { AUDIT_STORE_PROPERTIES, describeAuditStoreContract } from './audit-store.ts';
export { DEAD_LETTER_STORE_PROPERTIES, describeDeadLetterStoreContract } from './dead-letter-store.ts';
export {
  describeEventStoreContract,
  EVENT_STORE_PROPERTIES,
  sampleMetricEntry,
  sampleRecordedEvent,
} from './event-store.ts';
export { checkHouseProperty, type HouseHarness, type HouseOptions, type HouseSubject } from './house-subject.ts';
export { describeInboxStoreContract, INBOX_STORE_PROPERTIES } from './inbox-store.ts';
export { describeKeyStoreContract, KEY_STORE_PROPERTIES } from './key-store.ts';
export { describeLogStoreContract, LOG_STORE_PROPERTIES, type LogStoreSubject } from './log-store.ts';
export { describeManySeries } from './many-series.ts';
export { METRIC_QUESTION_PROPERTIES } from './metric-questions.ts';
export { describeMetricStoreContract, METRIC_STORE_PROPERTIES, type MetricStoreSubject } from './metric-store.ts';
export {
  checkRecordStore,
  describeRecordStoreContract,
  RECORD_STORE_PROPERTIES,
  type RecordStoreHarness,
} from './record-store.ts';
export type { RecordStoreProperty, RecordStoreSubject } from './record-store-property.ts';
export { describeRecordedMetricStoreContract, RECORDED_METRIC_STORE_PROPERTIES } from './recorded-metric-store.ts';
export { endingsOf, type PlainRollup, plainRollup, recompute } from './rolled-up.ts';
export { describeRollupStoreContract, ROLLUP_STORE_PROPERTIES } from './rollup-store.ts';
export { sampleAnnouncement, sampleEvent, sampleLife, sampleTask, sampleTime } from './sample-events.ts';
export { sampleClaim, sampleEnded, sampleRetry } from './sample-inbox.ts';
export {
  sampleCall,
  sampleMessage,
  sampleMs,
  sampleSession,
  sampleUsage,
} from './sample-sessions.ts';
export { describeSessionStoreContract, SESSION_STORE_PROPERTIES } from './session-store.ts';
export { checkSessionProperty, type SessionHarness, type SessionSubject } from './session-subject.ts';
export type { Harness, Property } from './signal-property.ts';
export { describeTraceStoreContract, TRACE_STORE_PROPERTIES, type TraceStoreSubject } from './trace-store.ts';
export { describeTraceSummaryStoreContract, TRACE_SUMMARY_STORE_PROPERTIES } from './trace-summary-store.ts';
