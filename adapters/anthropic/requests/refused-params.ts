import type { JsonObject } from '../../../lib/core/json/json.ts';

/**
 * Parameters that the Messages API takes and a batch does not, with what they are (batch guide and
 * SDK 1.12, 2026-11). A request with one of them would come back as an error after hours.
 */
const refused: Readonly<Record<string, string>> = {
  speed: 'fast mode is not available in a batch',
  store: 'a batch stores no threads',
  previous_thread_event_id: 'a batch continues no thread',
  cache_hint: 'a batch takes no cache hints',
  context_hint: 'a batch takes no context hints',
};

/** Why a request with these parameters would fail in a batch; null: nothing is known against it. */
export const refusedParamIn = (
  params: JsonObject,
): { readonly key: string; readonly reason: string } | null => {
  if (params['stream'] === true) return { key: 'stream', reason: 'a batch never streams' };
  for (const [key, reason] of Object.entries(refused))
    if ((params[key] ?? null) !== null) return { key, reason };
  const max = params['max_tokens'];
  return max === undefined || (Number.isSafeInteger(max) && (max as number) >= 1)
    ? null
    : { key: 'max_tokens', reason: 'it must be a whole number of at least 1' };
};
