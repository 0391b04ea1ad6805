/**
 * The form of an error line. `openai`: in the body of the response. `azure`: wrapped, at the top of
 * the line, with a response without a body. `vllm`: at the top of the line, with the status as its
 * code; `vllm_wrapped`: the same in another `error`. `text`: the body is a text. `text_beside`: a
 * text at the top of the line, with a response without a body.
 */
export type ErrorForm = 'openai' | 'azure' | 'vllm' | 'vllm_wrapped' | 'text' | 'text_beside';

/** Every error form, in one list. */
export const errorForms: readonly ErrorForm[] = [
  'openai',
  'azure',
  'vllm',
  'vllm_wrapped',
  'text',
  'text_beside',
];

/**
 * Faults on a share of a batch's answered rows; the first in the script that hits a row wins.
 * Faults that the batch's endpoint does not know are skipped.
 */
export type RowFault =
  /**
   * An error line with this status, in the form of a service; `code` and `message` replace those of
   * the status.
   */
  | {
      readonly type: 'rows_fail';
      readonly ratio: number;
      readonly statusCode: number;
      readonly code?: string;
      readonly message?: string;
      readonly form?: ErrorForm;
    }
  /**
   * Stopped for this reason, in the service's own word: a `finish_reason`, or why a response is
   * incomplete. `error` makes a failed response.
   */
  | { readonly type: 'rows_end_with'; readonly ratio: number; readonly reason: string }
  | { readonly type: AnswerFormFault; readonly ratio: number }
  | {
      readonly type:
        /** In neither file, though counted. */
        | 'rows_missing'
        /** Twice in the output. */
        | 'rows_duplicated'
        /** A line that is not JSON. */
        | 'rows_malformed'
        /** With a custom_id that was never sent. */
        | 'rows_unknown_id'
        /** Stopped at the output token limit. */
        | 'rows_truncated'
        /** The model refuses, with status 200. */
        | 'rows_refused'
        /** In the output file, with status code 0 and an empty body. */
        | 'rows_status_zero'
        /** An error line with no response: `request_timeout`. */
        | 'rows_timed_out';
      readonly ratio: number;
    };

/** Answers that are billed and are not one text. */
export type AnswerFormFault =
  /** A response of two message items; the first may be truncated. */
  | 'rows_several_messages'
  /** Tool calls, and no text. */
  | 'rows_tool_calls'
  /** The older call of one function, and no text. */
  | 'rows_function_call'
  /** A chat message whose content is a list of parts. */
  | 'rows_content_list'
  /** Three choices, with log probabilities. */
  | 'rows_several_choices'
  | 'rows_images'
  | 'rows_audio'
  /** A refusal beside the text. The text is the answer if it satisfies a requested schema. */
  | 'rows_refused_beside_text'
  /** The model reasoned, and wrote nothing. */
  | 'rows_reasoning_only'
  | 'rows_empty_text';

/** Every answer form fault, in one list. */
export const answerFormFaults: readonly AnswerFormFault[] = [
  'rows_several_messages',
  'rows_tool_calls',
  'rows_function_call',
  'rows_content_list',
  'rows_several_choices',
  'rows_images',
  'rows_audio',
  'rows_refused_beside_text',
  'rows_reasoning_only',
  'rows_empty_text',
];
