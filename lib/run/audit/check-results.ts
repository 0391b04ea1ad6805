import { adoptedBatchOf, customIdOfAdopted } from '../../core/model/adopted.ts';
import type { RunConfig } from '../../core/model/config.ts';
import { failureOfCode, isFailureOfStructure } from '../../core/values/failure.ts';
import { type CustomIds, customIdsOf } from '../../core/values/custom-ids.ts';
import { isTerminalItem } from '../../core/model/item.ts';
import type { ObjectSpan, ResultRef } from '../../ports/run-store.ts';
import { must } from '../api/interop.ts';
import type { FilesOfBatch } from './check-batches.ts';
import { type Answer, readAnswers } from './read-answers.ts';
import { pageRows, type AuditContext } from './audit-context.ts';
import { resultsAfter } from '../../rows/read-rows.ts';

/**
 * Checks every result against the laws `sequences` and `answers`, and that its answer lies in a
 * file of its batch (law `batches`).
 */
export const checkResults = async (
  context: AuditContext,
  files: ReadonlyMap<number, FilesOfBatch>,
): Promise<void> => {
  const { reader, snapshot, counts, ledger, pageChecked } = context;
  let last = 0;
  for (;;) {
    const page = await must(resultsAfter(reader, last, pageRows), { runId: reader.runId });
    if (page.length === 0) break;
    for (const ref of page) {
      const { index, itemId, sequence } = ref;
      counts.checked('sequences');
      const fault =
        sequence === last + 1
          ? faultOfResult(context, ref)
          : `result ${sequence} follows result ${last}`;
      last = Math.max(last, sequence);
      if (fault !== null) counts.broken('sequences', fault, { index, itemId });
    }
    await checkAnswers(context, files, page);
    pageChecked(page.length);
  }
  if (last !== snapshot.resultSequence)
    counts.broken(
      'sequences',
      `the last result is ${last}, but the run counts ${snapshot.resultSequence}`,
    );
  for (let index = 0; index < ledger.capacity; index += 1) {
    if (isTerminalItem(ledger.status(index)) && !ledger.hasResult(index))
      counts.broken('sequences', `it is ${ledger.status(index)}, but has no result`, { index });
  }
};

const faultOfResult = (
  { ledger }: AuditContext,
  { index, status, charged, uncharged }: ResultRef,
): string | null => {
  if (index >= ledger.capacity) return `it is a result of row ${index}, which does not exist`;
  if (!ledger.addResult(index)) return 'the row has a result already';
  if (ledger.status(index) !== status)
    return `the result is ${status}, but the row is ${ledger.status(index)}`;
  return ledger.attempts(index) === charged + uncharged
    ? null
    : `the result has ${charged + uncharged} attempts, but the row has ${ledger.attempts(index)}`;
};

const checkAnswers = async (
  context: AuditContext,
  files: ReadonlyMap<number, FilesOfBatch>,
  page: readonly ResultRef[],
): Promise<void> => {
  const { counts, ledger } = context;
  const answered: { readonly ref: ResultRef; readonly line: ObjectSpan; readonly where: Where }[] =
    [];
  for (const ref of page) {
    const { index, itemId, line } = ref;
    const sent = ref.sameAs ?? index;
    const batchNo = sent < ledger.capacity ? ledger.batchNo(sent) : 0;
    const batch = files.get(batchNo);
    const where = { index, itemId, batchNo: batchNo || null, batchKey: batch?.batchKey ?? null };
    if (line === null) {
      if (ref.status !== 'completed') continue;
      counts.checked('answers');
      counts.broken('answers', 'it is completed, but has no answer line', where);
      continue;
    }
    answered.push({ ref, line, where });
    counts.checked('batches');
    if (batch?.objects.includes(line.object) !== true)
      counts.broken(
        'batches',
        `its answer lies in object ${line.object}, which is not a raw file of the batch that settled it`,
        where,
      );
  }
  const answers = await readAnswers(
    context,
    answered.map(({ line }) => line),
  );
  const { config } = context.snapshot;
  const customIds = customIdsOf(config);
  answered.forEach(({ ref, line, where }, i) => {
    counts.checked('answers');
    const fault = faultOfAnswer(
      ref,
      answers[i] as Answer,
      nameIn(config, customIds, ref, where.batchNo),
      config,
    );
    if (fault !== null)
      counts.broken(
        'answers',
        `its answer, at byte ${line.offset} of object ${line.object}: ${fault}`,
        where,
      );
  });
};

interface Where {
  readonly index: number;
  readonly itemId: string;
  readonly batchNo: number | null;
  readonly batchKey: string | null;
}

/** The `custom_id` of a row in the files of a batch. */
interface Named {
  readonly customId: string;
  isIn(customId: string): boolean;
}

const nameIn = (
  config: RunConfig,
  customIds: CustomIds,
  { index, sameAs, itemId }: ResultRef,
  batchNo: number | null,
): Named => {
  const adopted = adoptedBatchOf(config, batchNo ?? 0);
  const sent = sameAs ?? index;
  if (adopted === null)
    return { customId: customIds.of(sent), isIn: (text) => customIds.indexOf(text) === sent };
  const customId = customIdOfAdopted(config, adopted, itemId);
  return { customId, isIn: (text) => text === customId };
};

const faultOfAnswer = (
  { status, code }: ResultRef,
  verdict: Answer,
  named: Named,
  { takesWholeAnswers = false, structuredOutput }: RunConfig,
): string | null => {
  if ('fault' in verdict) return verdict.fault;
  if (verdict.type === 'malformed') return 'the line is not an answer';
  if (!named.isIn(verdict.customId))
    return `the line has custom_id ${JSON.stringify(verdict.customId)}, not of ${named.customId}`;
  if ((verdict.type === 'succeeded') === (status === 'completed')) return null;
  // An earlier release accepted cut-off and empty answers, and used only the first of several
  // choices.
  if (!takesWholeAnswers) return null;
  // A refusal may come with a text that satisfies the schema.
  if (verdict.type === 'failed' && verdict.failureClass === 'refusal' && structuredOutput !== null)
    return null;
  // The provider succeeded, but the answer violates the schema.
  if (verdict.type === 'succeeded' && isFailureOfStructure(failureOfCode(code))) return null;
  return `the line is a ${verdict.type === 'succeeded' ? 'success' : `failure (${verdict.failureClass})`}, but the row is ${status}`;
};
