export {
  ARTIFACT_STORE_PROPERTIES,
  type ArtifactStoreHarness,
  type ArtifactStoreProperty,
  checkArtifactStore,
  describeArtifactStoreContract,
} from './artifact-store.ts';
export {
  checkRecordStore,
  describeRecordStoreContract,
  RECORD_STORE_PROPERTIES,
  type RecordStoreHarness,
} from './record-store.ts';
export type { RecordStoreProperty, RecordStoreSubject } from './record-store-property.ts';
export { sampleAnnouncement, sampleEvent, sampleLife, sampleTask, sampleTime } from './sample-events.ts';
