import { isLeft } from 'fp-ts/lib/Either.js';
import type { LineVerdict } from '../../ports/provider.ts';
import type { ObjectSpan } from '../../ports/run-store.ts';
import type { CompactLine } from '../../effects/results/compact-line.ts';
import { readCompactLines } from '../../effects/results/compact-reader.ts';
import { messageOf } from '../../effects/faults.ts';
import { readRawLines } from './line-check.ts';
import type { Scene } from './scene.ts';

/** What a line says of its row, or why it cannot be read. */
export type Answer = LineVerdict | { readonly fault: string };

/** What lies at these places of raw files; of a file that is not kept, what its compact object says. */
export const readAnswers = async (scene: Scene, spans: readonly ObjectSpan[]): Promise<readonly Answer[]> => {
  const { payload, wire } = scene;
  const lines = await readRawLines(payload, spans);
  const answers: Answer[] = lines.map((line) => (typeof line === 'string' ? wire.readVerdict(line) : line));
  const unread = new Map<string, number[]>();
  lines.forEach((line, place) => {
    if (typeof line === 'string') return;
    const { object } = spans[place] as ObjectSpan;
    unread.set(object, [...(unread.get(object) ?? []), place]);
  });
  for (const [object, places] of unread) {
    if (await isKept(scene, object)) continue;
    const said = await compactAnswers(
      scene,
      object,
      places.map((place) => spans[place] as ObjectSpan),
    );
    said.forEach((answer, i) => {
      if (answer !== null) answers[places[i] as number] = answer;
    });
  }
  return answers;
};

/** Asked anew: it may have been removed since the look began. */
const isKept = async ({ reader }: Scene, object: string): Promise<boolean> => {
  const size = await reader.artifacts.size(object)();
  return isLeft(size) || size.right !== null;
};

/** Null: the file was not made compact either. */
const compactAnswers = async (
  { reader: { artifacts } }: Scene,
  object: string,
  spans: readonly ObjectSpan[],
): Promise<readonly (Answer | null)[]> => {
  const whole = await readCompactLines(artifacts, object, spans)();
  if (!isLeft(whole)) return whole.right.map(verdictOf);
  if (whole.left.type === 'not_found') return spans.map(() => null);
  // One of them is not as it should be: which?
  const answers: Answer[] = [];
  for (const span of spans) {
    const one = await readCompactLines(artifacts, object, [span])();
    answers.push(isLeft(one) ? { fault: messageOf(one.left) } : verdictOf(one.right[0] as CompactLine));
  }
  return answers;
};

const verdictOf = ({ customId, verdict, content: { usage } }: CompactLine): LineVerdict =>
  verdict === 'succeeded' ? { type: verdict, customId, usage } : { type: 'failed', customId, failureClass: verdict, usage };
