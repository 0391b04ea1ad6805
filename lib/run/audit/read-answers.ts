import { isLeft } from 'fp-ts/lib/Either.js';
import type { LineVerdict } from '../../ports/provider.ts';
import type { ObjectSpan } from '../../ports/run-store.ts';
import type { CompactLine } from '../../effects/results/compact-line.ts';
import { readCompactLines } from '../../effects/results/compact-reader.ts';
import { messageOf } from '../../effects/faults.ts';
import { readRawLines } from './line-check.ts';
import type { AuditContext } from './audit-context.ts';

/** The verdict of a line, or why it cannot be read. */
export type Answer = LineVerdict | { readonly fault: string };

/** Reads answers at spans of raw files. Answers of a removed file come from its compact object. */
export const readAnswers = async (
  context: AuditContext,
  spans: readonly ObjectSpan[],
): Promise<readonly Answer[]> => {
  const { payload, wire } = context;
  const lines = await readRawLines(payload, spans);
  const answers: Answer[] = lines.map((line) =>
    typeof line === 'string' ? wire.readVerdict(line) : line,
  );
  const unread = new Map<string, number[]>();
  lines.forEach((line, index) => {
    if (typeof line === 'string') return;
    const { object } = spans[index] as ObjectSpan;
    unread.set(object, [...(unread.get(object) ?? []), index]);
  });
  for (const [object, indexes] of unread) {
    if (await isKept(context, object)) continue;
    const found = await compactAnswers(
      context,
      object,
      indexes.map((index) => spans[index] as ObjectSpan),
    );
    found.forEach((answer, i) => {
      if (answer !== null) answers[indexes[i] as number] = answer;
    });
  }
  return answers;
};

/** Checked again: the file may have been removed since the audit began. */
const isKept = async ({ reader }: AuditContext, object: string): Promise<boolean> => {
  const size = await reader.artifacts.size(object)();
  return isLeft(size) || size.right !== null;
};

/** Null: there is no compact object either. */
const compactAnswers = async (
  { reader: { artifacts } }: AuditContext,
  object: string,
  spans: readonly ObjectSpan[],
): Promise<readonly (Answer | null)[]> => {
  const whole = await readCompactLines(artifacts, object, spans)();
  if (!isLeft(whole)) return whole.right.map(verdictOf);
  if (whole.left.type === 'not_found') return spans.map(() => null);
  // At least one of them is damaged: reads them one by one to find it.
  const answers: Answer[] = [];
  for (const span of spans) {
    const one = await readCompactLines(artifacts, object, [span])();
    answers.push(
      isLeft(one) ? { fault: messageOf(one.left) } : verdictOf(one.right[0] as CompactLine),
    );
  }
  return answers;
};

const verdictOf = ({ customId, verdict, content: { usage } }: CompactLine): LineVerdict =>
  verdict === 'succeeded'
    ? { type: verdict, customId, usage }
    : { type: 'failed', customId, failureClass: verdict, usage };
