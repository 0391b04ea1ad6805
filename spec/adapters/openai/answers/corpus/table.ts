import type { OpenAIEndpoint } from '../../../../../adapters/openai/config/endpoints.ts';
import type { Case } from './case.ts';
import { chat } from './chat.ts';
import { completions, embeddings, moderations } from './others.ts';
import { responses } from './responses.ts';

/** Answers of every API, and what a row becomes by each of them. */
export const corpus: Readonly<Record<OpenAIEndpoint, readonly Case[]>> = {
  responses,
  'chat.completions': chat,
  completions,
  embeddings,
  moderations,
};
