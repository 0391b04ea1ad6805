import type { JsonValue } from '../../../lib/core/json/json.ts';
import { type BodyFault, fault, stoppedFault } from './answer-reader.ts';

/** The API's enum (`@google/genai` 2.32), by what each says of the answer. */
const filters: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MODEL_ARMOR',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);
/** The model wrote what is no answer: asked again it may write one. */
const failures: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'MALFORMED_RESPONSE',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
]);

const nameCharsMax = 60;

/**
 * Null where the reason says that the answer is whole; else what became of it, with the reason's
 * name. Without a reason (the API leaves out the unspecified one) nothing says that it is whole.
 */
export const faultOfFinish = (given: JsonValue | undefined): BodyFault | null => {
  const reason = typeof given === 'string' ? given.toUpperCase() : '';
  if (reason === 'STOP') return null;
  if (reason === 'MAX_TOKENS')
    return fault('truncated', 'the answer stops at the output limit, which thoughts use up too');
  if (filters.has(reason))
    return fault('content_filtered', `a content filter stopped the answer (${reason})`);
  if (failures.has(reason))
    return fault('server_error', `the answer ended in an error (finishReason ${reason})`);
  if (reason === 'LANGUAGE')
    return fault('refusal', 'the model does not answer in this language (LANGUAGE)');
  return stoppedFault(
    reason === ''
      ? 'the answer does not say why it ends (finishReason): it may be cut'
      : `the answer ends with finishReason ${JSON.stringify(reason.slice(0, nameCharsMax))}, which is not known to be whole: it may be cut`,
  );
};

/** What became of a prompt that was blocked; null: it was not. */
export const faultOfBlock = (reason: JsonValue | undefined): BodyFault | null =>
  typeof reason === 'string' && reason !== ''
    ? fault(
        'content_filtered',
        `a content filter blocked the prompt (${reason.slice(0, nameCharsMax)})`,
      )
    : null;
