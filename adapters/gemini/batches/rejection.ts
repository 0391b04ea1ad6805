import type { BatchRejection, RefusedLine } from '../../../lib/core/model/batch.ts';
import type { Scrub } from '../../http/scrub.ts';
import {
  saysOutOfMoney,
  saysQueueIsFull,
  saysTooLong,
  statedTokensMax,
} from '../answers/error-words.ts';
import { textOfStatus } from '../answers/row-error.ts';
import type { RpcStatus } from '../answers/rpc-status.ts';

/** Why a batch failed as a whole: nothing of it was run. */
export const rejectionOf = (status: RpcStatus | null, scrub: Scrub): BatchRejection => {
  const message =
    status === null ? 'the service failed the batch and did not say why' : textOfStatus(status);
  const line = status === null ? null : lineIn(status);
  const said: readonly RefusedLine[] =
    line === null || status === null
      ? []
      : [
          {
            line,
            code: status.name,
            message: scrub(status.message),
            param: null,
            failureClass: saysTooLong(status) ? 'context_too_long' : null,
          },
        ];
  return {
    type: typeOf(status, line),
    message: scrub(message),
    lines: line === null ? [] : [line],
    said,
    statedTokensMax: status === null ? null : statedTokensMax(status),
    statedRequestsMax: null,
    statedBytesMax: null,
  };
};

const typeOf = (status: RpcStatus | null, line: number | null): BatchRejection['type'] => {
  if (status === null) return 'other';
  if (saysOutOfMoney(status)) return 'insufficient_quota';
  if (saysQueueIsFull(status) || status.name === 'RESOURCE_EXHAUSTED') return 'over_capacity';
  if (line !== null) return 'invalid_lines';
  return /\b(?:file|input)\b.{0,40}\b(?:too large|exceeds?\b.{0,20}\bsize)/iu.test(status.message)
    ? 'too_large'
    : 'other';
};

/** The 1-based line of the input file that a message names. */
const lineIn = ({ message }: RpcStatus): number | null => {
  const found = /\bline (?:number )?(\d{1,9})\b/iu.exec(message)?.[1];
  const line = Number(found ?? 0);
  return line > 0 ? line : null;
};
