export { type FileArtifactStoreOptions, openFileArtifactStore } from './open-file-artifact-store.ts';
