import type { JsonObject } from '../../lib/core/json.ts';
import type { ProviderWire } from '../../lib/ports/provider.ts';
import { readContent, readVerdict } from './answer-line.ts';
import { answerReaders } from './answer-bodies.ts';
import type { OpenAIEndpoint } from './endpoints.ts';
import { createRenderer } from './request-line.ts';
import { usualAnswer } from './usual-answer.ts';

/** The pure half: request lines out, answer lines in. */
export const createOpenAIWire = (job: {
  readonly model: string;
  readonly endpoint: OpenAIEndpoint;
  readonly params: JsonObject;
}): ProviderWire => {
  const reader = answerReaders[job.endpoint];
  return {
    renderer: (output) => createRenderer({ ...job, ...output }),
    readVerdict: (line) => readVerdict(line, reader),
    readContent: (line, isAccepted = false) =>
      (isAccepted && job.endpoint === 'responses' ? usualAnswer(line) : null) ?? readContent(line, reader),
  };
};
