import type { Effect, FileCensus, FilesCensus } from '../../../lib/core/internal.ts';
import type { Line, ProviderBatch } from './world.ts';

type StoreFiles = Extract<Effect, { readonly type: 'StoreFiles' }>;

/** What a reader finds in the files of a batch. */
export const censusOf = (
  sent: readonly number[],
  files: ProviderBatch['files'],
  { outputFileId, errorFileId }: StoreFiles,
): FilesCensus => {
  const own = new Set(sent);
  const lines = [...(files?.output ?? []), ...(files?.error ?? [])];
  return {
    rows: new Set(
      lines.flatMap(({ kind, index }) => (isAnswer(kind) && own.has(index) ? [index] : [])),
    ).size,
    spoilt: 0,
    output: fileCensus(outputFileId, files?.output ?? [], own),
    error: fileCensus(errorFileId, files?.error ?? [], own),
    gone: null,
  };
};

/** A proxy's page in place of each file. */
export const pageCensus = ({ outputFileId, errorFileId }: StoreFiles): FilesCensus => {
  const page = (fileId: string | null): FileCensus | null =>
    fileId === null
      ? null
      : { fileId, lines: 3, malformed: 3, unknown: 0, isCut: false, begins: '<html>' };
  return { rows: 0, spoilt: 0, output: page(outputFileId), error: page(errorFileId), gone: null };
};

const isAnswer = (kind: Line['kind']): boolean => kind === 'success' || kind === 'failure';

const fileCensus = (
  fileId: string | null,
  lines: readonly Line[],
  own: ReadonlySet<number>,
): FileCensus | null =>
  fileId === null
    ? null
    : {
        fileId,
        lines: lines.length,
        malformed: lines.filter(({ kind }) => kind === 'malformed').length,
        unknown: lines.filter(
          ({ kind, index }) => kind === 'unknown' || (isAnswer(kind) && !own.has(index)),
        ).length,
        isCut: false,
        begins: '',
      };
