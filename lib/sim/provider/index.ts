export type { Answer, AnswerRequest } from './answer.ts';
export { defaultAnswer } from './answer.ts';
export type { BlobStore, BlobWriter, ByteRange, StoredBlob } from './blobs.ts';
export { createMemoryBlobs } from './blobs.ts';
export type {
  AnswerFormFault,
  AnswersFault,
  ErrorForm,
  BatchFault,
  CallFault,
  CreateRefusal,
  Fault,
  FaultOf,
  FaultScript,
  Operation,
  Outage,
  RowFault,
  Times,
  When,
} from './faults.ts';
export {
  answerFormFaults,
  answersFaults,
  createRefusals,
  errorForms,
  operations,
} from './faults.ts';
export type { CreateFileInput, FileContent, FileQuery } from './file-operations.ts';
export type { DoubleBilling, Ledger } from './ledger.ts';
export type { ServiceLimits } from './limits.ts';
export { openaiLimits } from './limits.ts';
export type { FakeProviderEnvironment, FakeProviderOptions } from './options.ts';
export type { PageQuery } from './pages.ts';
export type { FakeProvider } from './provider.ts';
export { createFakeProvider } from './provider.ts';
export type { Done, Refused, Reply, ReplyLost } from './reply.ts';
export { refused } from './reply.ts';
export type { BatchStatus } from './states.ts';
export { arrows, isTerminal } from './states.ts';
export type {
  ApiError,
  BatchErrorEntry,
  BatchObject,
  BatchUsage,
  DeletedFile,
  FileObject,
  ListPage,
  RequestCounts,
} from './wire.ts';
