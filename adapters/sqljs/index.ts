/** The file store under the name that it had first: the same as `batchor/adapters/filestore`. */
export { sqljsStore, type SqljsStoreOptions } from '../filestore/index.ts';
