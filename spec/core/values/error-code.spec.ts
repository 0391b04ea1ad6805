import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../../../lib/core/values/error-code.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';

describe('the code of an error', () => {
  it.each<[string, JsonValue, string | null]>([
    [
      'OpenAI',
      {
        message: 'no',
        type: 'invalid_request_error',
        param: null,
        code: 'context_length_exceeded',
      },
      'context_length_exceeded',
    ],
    [
      'OpenAI without a code',
      { message: 'no', type: 'server_error', param: null, code: null },
      'server_error',
    ],
    ['vLLM, a number', { object: 'error', message: 'no', code: 400 }, '400'],
    [
      'Anthropic, wrapped',
      { type: 'error', error: { type: 'overloaded_error', message: 'no' } },
      'overloaded_error',
    ],
    [
      'a gateway around it',
      { code: 'upstream', error: { code: 'rate_limit_exceeded', message: 'no' } },
      'rate_limit_exceeded',
    ],
    ['an answer that was cut', { id: 'chatcmpl-1', type: 'message', choices: [] }, null],
    ['a message alone', 'Bad Request', null],
    ['nothing', null, null],
  ])('is found in that of %s', (_, raw, code) => {
    expect(errorCodeOf(raw)).toBe(code);
  });
});
