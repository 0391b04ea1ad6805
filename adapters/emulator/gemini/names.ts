/** Names of resources, from the fake's ids and back. */

export const fileName = (fakeId: string): string => `files/${fakeId.replace(/^file-/u, '')}`;
export const fakeFileId = (name: string): string => `file-${name.replace(/^files\//u, '')}`;

export const batchName = (fakeId: string): string => `batches/${fakeId.replace(/^batch_/u, '')}`;
export const fakeBatchId = (name: string): string => `batch_${name.replace(/^batches\//u, '')}`;

/** The file of a batch's answers; its name is longer than those of uploaded files. */
export const responsesName = (fakeId: string): string =>
  `files/batch-${fakeId.replace(/^batch_/u, '')}`;
/** The fake's batch of which a name is the file of answers; null: it is another file. */
export const batchOfResponses = (name: string): string | null => {
  const id = /^(?:files\/)?batch-(.+)$/u.exec(name)?.[1];
  return id === undefined ? null : `batch_${id}`;
};
