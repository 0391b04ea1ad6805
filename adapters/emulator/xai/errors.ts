import type { Refused } from '../../../lib/sim/provider/index.ts';
import type { AnswerForm } from '../respond.ts';

/** Codes of gRPC in words, by status (its client's specs, 2026-10). */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid-argument',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'not-found',
  409: 'failed-precondition',
  413: 'invalid-argument',
  429: 'resource-exhausted',
  503: 'unavailable',
};

/** What the service says where the fake speaks of OpenAI's account (reports of 2026). */
const messages: Readonly<Record<string, string>> = {
  insufficient_quota:
    'Your team has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.',
  invalid_api_key: 'Incorrect API key provided.',
};

/** Bodies as xAI writes them: errors are `{ code, error }`, both texts. */
export const xaiForm = (value: AnswerForm['value'] = (given) => given): AnswerForm => ({
  value,
  error: ({ statusCode, error }: Refused) => ({
    statusCode,
    body: {
      code: codes[statusCode] ?? 'internal',
      error: messages[error.code ?? ''] ?? error.message,
    },
  }),
});
