/** Artifacts as plain files. */
export { type CheckedObject, checkObjects, objectsUnder, renewSums } from './check-objects.ts';
export { filesystemArtifacts, type FilesystemArtifactsOptions } from './filesystem-artifacts.ts';
export { ioError } from './io-error.ts';
export { filesUnder } from './list-objects.ts';
export { isFolder } from './list-objects.ts';
export { unfinishedPrefix } from './object-name.ts';
export { sumsPath } from './sums-file.ts';
export { sweepObjects } from './list-objects.ts';
