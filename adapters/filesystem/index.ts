/** The payload plane as plain files. */
export { filesystemArtifacts, type FilesystemArtifactsOptions } from './filesystem-artifacts.ts';
export { ioError } from './io-error.ts';
export { filesUnder } from './list-objects.ts';
export { makeFolder } from './make-folder.ts';
export { sweepObjects } from './sweep-objects.ts';
