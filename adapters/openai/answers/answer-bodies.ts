import { chatReader, completionsReader } from './answer-choices.ts';
import { embeddingsReader, moderationsReader } from './answer-lists.ts';
import type { AnswerReader } from './answer-reader.ts';
import { responsesReader } from './answer-responses.ts';
import type { OpenAIEndpoint } from '../config/endpoints.ts';

export const answerReaders: Readonly<Record<OpenAIEndpoint, AnswerReader>> = {
  responses: responsesReader,
  'chat.completions': chatReader,
  embeddings: embeddingsReader,
  completions: completionsReader,
  moderations: moderationsReader,
};
