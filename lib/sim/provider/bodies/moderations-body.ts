import { createPrng, hashText } from '../../prng.ts';
import type { Completion } from './completion.ts';

const categories: readonly string[] = [
  'hate',
  'hate/threatening',
  'harassment',
  'harassment/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];

/** The body of `/v1/moderations`. */
export const moderationsBody = (it: Completion): string => {
  const prng = createPrng(hashText(it.prompt));
  const isFlagged = prng.below(10) === 0;
  const record = (valueOf: (name: string) => string): string =>
    `{${categories.map((name) => `"${name}": ${valueOf(name)}`).join(', ')}}`;
  const scores = record(() => (prng.next() / 100).toFixed(6));
  const flags = record((name) => String(isFlagged && name === 'violence'));
  return (
    `{"id": "modr-${it.hex}", "model": ${JSON.stringify(it.model)}, "results": [{"flagged": ${isFlagged}, "categories": ${flags}, ` +
    `"category_scores": ${scores}, "category_applied_input_types": ${record(() => '["text"]')}}]}`
  );
};
