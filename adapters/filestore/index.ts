/** The default store: runs as folders of files on this machine. */
export { sqljsStore, type SqljsStoreOptions } from './store/run-store.ts';
