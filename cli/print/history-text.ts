import type { ItemResult } from '../../lib/core/settle/results.ts';
import type {
  InspectedAttempt,
  InspectedLine,
  InspectedSpan,
  Inspection,
} from '../../lib/run/audit/inspection.ts';

/** The history of a row as text: the row, then each attempt. */
export const historyText = (inspection: Inspection): readonly string[] => {
  const {
    itemId,
    itemIndex,
    status,
    failureClass,
    attemptCount,
    unchargedAttemptCount,
    retryAt,
    sequence,
    attempts,
  } = inspection;
  const why = failureClass === null ? '' : ` (${failureClass})`;
  return [
    `row ${itemIndex}, item ${JSON.stringify(itemId)}: ${status}${why}, ${attemptCount} charged and ${unchargedAttemptCount} uncharged attempts`,
    ...(sequence === null ? [] : [`  result ${sequence}`]),
    ...(retryAt === null ? [] : [`  sent again at ${retryAt.toISOString()}`]),
    ...(inspection.metadata === null ? [] : [`  metadata ${JSON.stringify(inspection.metadata)}`]),
    ...(inspection.badRow === null ? [] : [`  bad row ${JSON.stringify(inspection.badRow)}`]),
    `  item line: ${placeText(inspection.itemLine)}`,
    ...(inspection.requestLine === null
      ? []
      : [
          `  request line: ${inspection.isRequestLineKept ? placeText(inspection.requestLine) : 'pruned'}`,
        ]),
    ...askedText(inspection),
    ...inspection.faults.map((fault) => `  ${fault}`),
    ...(attempts.length === 0
      ? [`  was in no batch${sentFor(inspection)}`]
      : attempts.flatMap(attemptText)),
  ];
};

const sentFor = ({ sharedWith }: Inspection): string =>
  sharedWith === null
    ? ''
    : `: it shares the request of row ${sharedWith.itemIndex}, item ${JSON.stringify(sharedWith.itemId)}`;

const placeText = ({ object, offset, length }: InspectedSpan): string =>
  `${object}, byte ${offset}, ${length} bytes`;

const attemptText = (attempt: InspectedAttempt): readonly string[] => {
  const { batchNo, batchKey, providerBatchId, createAttempt, inputFileId, lines } = attempt;
  const ended = attempt.ending === null ? '' : `, ended as ${attempt.ending}`;
  return [
    `batch ${batchNo} (${batchKey}): ${outcomeText(attempt)}`,
    `  ${providerBatchId === null ? 'not at the provider' : `${providerBatchId}, create ${createAttempt}`}${inputFileId === null ? '' : `, input file ${inputFileId}`}${ended}`,
    ...(attempt.rejectionMessage === null ? [] : [`  refused: ${attempt.rejectionMessage}`]),
    ...lines.flatMap(lineText),
    ...(attempt.areRawFilesKept
      ? []
      : ['  its raw files are not kept: the lines below come from the stored results']),
    ...(lines.length === 0 && attempt.ending !== null ? ['  no line about the row'] : []),
    ...attempt.faults.map((fault) => `  ${fault}`),
  ];
};

const lineText = ({ error, ...line }: InspectedLine): readonly string[] => [
  `  ${line.part} file: ${placeText(line)}: ${line.verdict}${line.isAnswer ? ', the answer' : ''}`,
  ...(error === null
    ? []
    : [
        `    provider message: ${error.errorCode === null ? '' : `${error.errorCode}: `}${error.message}`,
        ...(error.rawError === null ? [] : block(JSON.stringify(error.rawError, null, 2))),
      ]),
];

const blockCharsMax = 8_000;

/** A text of several lines, further in. */
const block = (text: string): readonly string[] => {
  const shown =
    text.length <= blockCharsMax
      ? text
      : `${text.slice(0, blockCharsMax)}… (${text.length - blockCharsMax} characters more)`;
  return shown.split('\n').map((line) => `    ${line}`);
};

/** The request and its result. */
const askedText = ({ request, result }: Inspection): readonly string[] => [
  ...(request === null ? [] : ['  request:', ...block(JSON.stringify(request, null, 2))]),
  ...(result === null ? [] : answerText(result)),
];

const answerText = (result: ItemResult): readonly string[] => {
  const { outputText, costUsd } = result;
  const output = result.status === 'completed' ? result.output : null;
  return [
    ...(outputText === null ? [] : ['  answer:', ...block(outputText)]),
    ...(output === null || output === undefined || output === outputText
      ? []
      : ['  output:', ...block(JSON.stringify(output, null, 2))]),
    ...(result.status === 'completed'
      ? []
      : [
          `  failed: ${result.error.errorCode === null ? '' : `${result.error.errorCode}: `}${result.error.message}`,
        ]),
    ...(costUsd === null ? [] : [`  cost: $${costUsd}`]),
  ];
};

const outcomeText = ({
  outcome,
  failureClass,
  isCharged,
  providerBatchId,
}: InspectedAttempt): string => {
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
