/** Artifacts as plain files. */
export { type CheckedObject, checkObjects, objectsUnder, renewSums } from './check-objects.ts';
export { filesystemArtifacts, type FilesystemArtifactsOptions } from './filesystem-artifacts.ts';
export { ioError } from './io-error.ts';
export { filesUnder } from './object-files.ts';
export { isFolder } from './object-files.ts';
export { unfinishedPrefix } from './object-files.ts';
export { sumsPath } from './sums-file.ts';
export { sweepObjects } from './object-files.ts';
