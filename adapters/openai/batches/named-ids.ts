import { indexInCustomId } from '../../../lib/core/values/custom-ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';

const charsMax = 4_000;
/** Of one entry. */
const idsMax = 100;
/** As runs write them since they have nonces: nothing else looks so. */
const id = /\br[0-9a-z]{8}-(?:0|[1-9]\d{0,14})(?:_[0-9a-z]{7})?(?![0-9A-Za-z_-])/gu;

/**
 * The `custom_id`s of batchor's that an entry of a service is about: its own `custom_id`, else
 * those in its `param`, else those in its words.
 */
export const idsOf = (entry: JsonObject, message: string): readonly string[] => {
  const own = entry['custom_id'];
  if (typeof own === 'string' && indexInCustomId(own) !== null) return [own];
  const param = typeof entry['param'] === 'string' ? entry['param'] : '';
  const [inParam, inWords] = [param, message].map((text) => [
    ...new Set(text.slice(0, charsMax).match(id)),
  ]);
  return (inParam?.length === 0 ? inWords : inParam)?.slice(0, idsMax) ?? [];
};
