// Renders docs/state-machine.md from the tables in lib/core: `npx tsx spec/docs/state-machine.ts
// --write`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  batchArrows,
  failureAction,
  type FailureAction,
  failureClasses,
  failureReason,
  failureRemedy,
  isFailureOfBatch,
  itemArrows,
} from '../../lib/core/internal.ts';
import { unreachedBatchArrows, unreachedItemArrows } from '../support/core/unreached.ts';

export const stateMachinePath = fileURLToPath(
  new URL('../../docs/state-machine.md', import.meta.url),
);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
};

interface Arrow {
  readonly from: string | null;
  readonly to: string;
  readonly when: string;
}
const arrows = (all: readonly Arrow[], unreached: readonly string[]): string =>
  table(
    ['from', 'to', 'when'],
    all.map(({ from, to, when }) => {
      const isReached = !unreached.includes(`${from ?? ''}>${to}`);
      return [
        from === null ? '(none)' : `\`${from}\``,
        `\`${to}\``,
        isReached ? when : `${when} (allowed, but nothing leads along it yet)`,
      ];
    }),
  );

const consequences: Readonly<Record<FailureAction, string>> = {
  retry_charged: 'goes again, an attempt charged',
  retry_uncharged: 'goes again, no attempt charged',
  fail: 'fails',
  pause: 'goes again, no attempt charged; the run pauses',
};

export const renderStateMachine = (): string => `# State machines

This page is generated from the tables in \`lib/core\` by \`npx tsx spec/docs/state-machine.ts --write\`, and a spec compares the two.
Every arrow that is not in a table is refused: by \`decide\`, and once more by every store, whose row changes are conditional on the
status that they leave. What this means for a crash, a lost answer or two answers in the wrong order is tested in \`spec/core/laws\`.

A **run** is \`running\` until nothing is open and nothing more will come; then it is \`completed\`, or \`completed_with_failures\`. Beside
that it is controlled: \`running\`, \`paused\` (nothing new is read, planned or sent; what was sent is polled and settled), or
\`cancel_requested\` (what was not sent is dropped, what was sent is cancelled and harvested), which only the end leaves.

## Items

An **item** is one row of the source. \`completed\` and \`failed_permanent\` are for ever.

${arrows(itemArrows, unreachedItemArrows)}

## Batches

A **batch** is what one create at the provider sends. Its rows are \`queued_local\` until it is \`created\`, and \`submitted\` until they are
settled. A batch may be *held* beside any phase: nothing is done about it until somebody says what is true.

${arrows(batchArrows, unreachedBatchArrows)}

## Failures

What follows when a row fails, by the class of its failure. A row whose attempts are used up keeps the class and fails; charged
attempts and those that the row did not cause have a ceiling each (\`attemptsMax\`, \`unchargedAttemptsMax\`). While the run is being
cancelled, nothing goes again: such a row fails as \`run_cancelled\`. A class of the whole batch has no ceiling: the run pauses instead.

${table(
  ['class', 'the row', 'when', 'what to do'],
  failureClasses.map((failureClass) => [
    `\`${failureClass}\``,
    `${consequences[failureAction(failureClass)]}${isFailureOfBatch(failureClass) ? ' (of the whole batch)' : ''}`,
    failureReason(failureClass),
    failureRemedy(failureClass),
  ]),
)}
`;

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write'))
  writeFileSync(stateMachinePath, renderStateMachine());
