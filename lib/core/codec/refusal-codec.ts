import * as t from 'io-ts';
import { type BatchRejection, type RefusedLine, refusedLineClasses } from '../model/batch.ts';
import { closed, later, laterOrNull, NonNegative } from '../json/codec-parts.ts';
import { oneOf, orNull } from '../json/codec-primitives.ts';
import type { FileLimit } from '../model/file-limit.ts';
import type { NamedStreak } from '../model/named-streak.ts';

/** What is stored of refusals. */

const Refused: t.Type<RefusedLine, unknown> = closed('RefusedLine', {
  line: t.number,
  code: orNull(t.string),
  message: orNull(t.string),
  param: orNull(t.string),
  failureClass: laterOrNull(oneOf('a failure class', refusedLineClasses)),
});
export const Rejected: t.Type<BatchRejection, unknown> = closed('BatchRejection', {
  type: oneOf('a rejection', [
    'invalid_lines',
    'over_capacity',
    'insufficient_quota',
    'too_large',
    'other',
  ] as const),
  message: t.string,
  lines: t.readonlyArray(t.number),
  said: later(t.readonlyArray(Refused), []),
  statedTokensMax: orNull(t.number),
  statedRequestsMax: orNull(t.number),
  statedBytesMax: later(orNull(t.number), null),
});
export const Named: t.Type<NamedStreak, unknown> = closed('NamedStreak', {
  code: t.string,
  count: NonNegative,
  total: NonNegative,
  likely: later(NonNegative, 0),
  last: laterOrNull(closed('LastNamed', { line: NonNegative, index: NonNegative })),
  isReceding: later(t.boolean, false),
});
export const FileLimitType: t.Type<FileLimit, unknown> = closed('FileLimit', {
  bytesMax: NonNegative,
  refusedBytes: NonNegative,
});
