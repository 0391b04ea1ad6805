import { chatBody, completionsBody } from './chat-body.ts';
import type { AnswerForm, Completion } from './completion.ts';
import { embeddingsBody } from './embeddings-body.ts';
import { moderationsBody } from './moderations-body.ts';
import { responsesBody } from './responses-body.ts';

const writers: Readonly<Record<string, (it: Completion) => string>> = {
  '/v1/responses': responsesBody,
  '/v1/chat/completions': chatBody,
  '/v1/completions': completionsBody,
  '/v1/embeddings': embeddingsBody,
  '/v1/moderations': moderationsBody,
};

/**
 * True for an endpoint whose bodies the fake can write; each request to another gets a 400 line.
 */
export const canAnswer = (endpoint: string): boolean => writers[endpoint] !== undefined;

/** The JSON text of a 200 body for the endpoint. */
export const bodyText = (endpoint: string, completion: Completion): string =>
  (writers[endpoint] ?? responsesBody)(completion);

/** True when the endpoint's model writes text, which can be truncated or refused. */
export const writesText = (endpoint: string): boolean =>
  endpoint !== '/v1/embeddings' && endpoint !== '/v1/moderations';

/** The forms of answer that each endpoint has, besides plain text. */
const formsOf: Readonly<Record<string, readonly AnswerForm[]>> = {
  '/v1/responses': [
    'several_messages',
    'tool_calls',
    'function_call',
    'images',
    'refused_beside_text',
    'reasoning_only',
    'empty_text',
  ],
  '/v1/chat/completions': [
    'tool_calls',
    'function_call',
    'content_list',
    'several_choices',
    'images',
    'audio',
    'refused_beside_text',
    'reasoning_only',
    'empty_text',
  ],
  '/v1/completions': ['several_choices'],
};

/** True when answers of the endpoint can have this form. */
export const knowsForm = (endpoint: string, form: AnswerForm): boolean =>
  form === 'text' || (formsOf[endpoint] ?? []).includes(form);
