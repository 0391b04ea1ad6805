import type { FailureClass } from '../core/values/failure.ts';
import type { JsonValue } from '../core/json/json.ts';

/** Why words are no structured answer. */
export interface AnswerFault {
  readonly type: 'fault';
  readonly failureClass: FailureClass;
  readonly message: string;
}
export type ParsedAnswer = { readonly type: 'json'; readonly value: JsonValue } | AnswerFault;

export const answerFault = (failureClass: FailureClass, message: string): AnswerFault => ({
  type: 'fault',
  failureClass,
  message,
});

/**
 * The JSON that the model wrote. A fence around it is a class of its own: who keeps no strict
 * schema answers so, and always will.
 */
export const parseAnswer = (text: string | null): ParsedAnswer => {
  if (text === null || text.trim() === '')
    return answerFault('empty_output', 'the answer has no words');
  try {
    // Around it JSON allows four kinds of white space; models write a mark of byte order and blanks
    // of other kinds, too.
    return { type: 'json', value: JSON.parse(text.trim()) as JsonValue };
  } catch (error) {
    if (/^\s*(```|~~~)/u.test(text))
      return answerFault(
        'fenced_json',
        'the answer stands in a code fence: the service does not keep the schema',
      );
    return answerFault(
      'invalid_json',
      `the answer is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
