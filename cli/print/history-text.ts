import type { InspectedAttempt, InspectedSpan, Inspection } from '../../lib/run/audit/inspection.ts';

/** The history of a row for a person: what it is, then attempt by attempt. */
export const historyText = (inspection: Inspection): readonly string[] => {
  const { itemId, itemIndex, status, failureClass, attemptCount, unchargedAttemptCount, retryAt, sequence, attempts } = inspection;
  const why = failureClass === null ? '' : ` (${failureClass})`;
  return [
    `row ${itemIndex}, item ${JSON.stringify(itemId)}: ${status}${why}, ${attemptCount} charged and ${unchargedAttemptCount} uncharged attempts`,
    ...(sequence === null ? [] : [`  result ${sequence}`]),
    ...(retryAt === null ? [] : [`  goes again at ${retryAt.toISOString()}`]),
    ...(inspection.metadata === null ? [] : [`  metadata ${JSON.stringify(inspection.metadata)}`]),
    ...(inspection.badRow === null ? [] : [`  bad row ${JSON.stringify(inspection.badRow)}`]),
    `  item line: ${placeText(inspection.itemLine)}`,
    ...(inspection.requestLine === null
      ? []
      : [`  request line: ${inspection.isRequestLineKept ? placeText(inspection.requestLine) : 'pruned'}`]),
    ...inspection.faults.map((fault) => `  ${fault}`),
    ...(attempts.length === 0 ? [`  was in no batch${sentFor(inspection)}`] : attempts.flatMap(attemptText)),
  ];
};

const sentFor = ({ sharedWith }: Inspection): string =>
  sharedWith === null
    ? ''
    : `: its request is that of row ${sharedWith.itemIndex}, item ${JSON.stringify(sharedWith.itemId)}, which is sent for both`;

const placeText = ({ object, offset, length }: InspectedSpan): string => `${object}, byte ${offset}, ${length} bytes`;

const attemptText = (attempt: InspectedAttempt): readonly string[] => {
  const { batchNo, batchKey, providerBatchId, createAttempt, inputFileId, lines } = attempt;
  const ended = attempt.ending === null ? '' : `, ended as ${attempt.ending}`;
  return [
    `batch ${batchNo} (${batchKey}): ${outcomeText(attempt)}`,
    `  ${providerBatchId === null ? 'not at the provider' : `${providerBatchId}, create ${createAttempt}`}${inputFileId === null ? '' : `, input file ${inputFileId}`}${ended}`,
    ...(attempt.rejectionMessage === null ? [] : [`  refused: ${attempt.rejectionMessage}`]),
    ...lines.map((line) => `  ${line.part} file: ${placeText(line)}: ${line.verdict}${line.isAnswer ? ', the answer' : ''}`),
    ...(attempt.areRawFilesKept ? [] : ['  its raw files are not kept: its lines are told as they stood in them']),
    ...(lines.length === 0 && attempt.ending !== null ? ['  no line speaks of the row'] : []),
    ...attempt.faults.map((fault) => `  ${fault}`),
  ];
};

const outcomeText = ({ outcome, failureClass, isCharged, providerBatchId }: InspectedAttempt): string => {
  const why = failureClass === null ? '' : ` as ${failureClass}`;
  const charge = isCharged === null ? '' : isCharged ? ', charged' : ', not charged';
  switch (outcome) {
    case 'completed':
      return `completed${charge}`;
    case 'failed':
      return `failed${why}${charge}`;
    case 'retried':
      return `to be sent again${why}${charge}`;
    case 'released':
      return 'never sent';
    case 'waiting':
      return providerBatchId === null ? 'waits to be sent' : 'waits for its outcome';
  }
};
