import type { FailureClass } from '../../../lib/core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { isText } from './texts.ts';

/** Why an answer that was given is none. */
export interface AnswerFault {
  readonly failureClass: FailureClass;
  readonly message: string;
  /** Of a truncated answer: what it names as its end is no output limit. */
  readonly stopsBeforeLimit?: true;
}

/** Reasons after which an answer is whole (SDK 1.12, 2026-11). Any other says nothing of that. */
const whole: ReadonlySet<JsonValue> = new Set(['end_turn', 'stop_sequence', 'tool_use']);

/** Null where the message says that it is whole. Anthropic always names a reason. */
export const faultOfStop = (message: JsonObject): AnswerFault | null => {
  const reason = message['stop_reason'] ?? null;
  if (whole.has(reason)) return null;
  if (reason === 'refusal') return { failureClass: 'refusal', message: refusalOf(message) };
  if (reason === 'max_tokens')
    return { failureClass: 'truncated', message: 'the answer stops at the output limit' };
  if (reason === 'model_context_window_exceeded')
    return stopped('the answer stops at the context window of the model');
  if (reason === 'pause_turn')
    return stopped(
      'the turn is paused before its end (pause_turn): to continue it, send its content as the last message of a request of a new run',
    );
  return stopped(
    typeof reason === 'string'
      ? `the answer ends with stop_reason ${JSON.stringify(reason.slice(0, nameCharsMax))}, which is not known to be whole: it may be cut`
      : 'the answer does not say why it ends (stop_reason): it may be cut',
  );
};

const nameCharsMax = 60;

const stopped = (message: string): AnswerFault => ({
  failureClass: 'truncated',
  message,
  stopsBeforeLimit: true,
});

/** What the service says of a refusal, in its own words where it has some. */
const refusalOf = ({ stop_details: details }: JsonObject): string => {
  const { category, explanation } = isJsonObject(details) ? details : {};
  const kind = isText(category) ? ` (${category})` : '';
  return isText(explanation)
    ? `the model refused${kind}: ${explanation}`
    : `the model refused${kind}`;
};
