import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { LineContent, ProviderWire } from '../../../lib/ports/provider.ts';
import { type ShapedAnswer, createUsualAnswers } from './answer-shape.ts';
import { readContent, readVerdict } from './answer-line.ts';
import { answerReaders } from './answer-bodies.ts';
import type { OpenAIEndpoint } from '../config/endpoints.ts';
import { readRequest, renderRequest } from '../requests/prepared-request.ts';
import { raiseOutputTokens } from '../config/request-bounds.ts';
import { createRenderer, type LineForm } from '../requests/request-line.ts';
import { noSecrets, type Scrubbing, scrubContent } from '../../http/scrub.ts';

/** The pure half: request lines out, answer lines in. */
export const createOpenAIWire = (
  job: {
    readonly model: string;
    readonly endpoint: OpenAIEndpoint;
    readonly params: JsonObject;
    readonly lines?: LineForm;
  },
  scrubbing: Scrubbing = noSecrets,
): ProviderWire => {
  const reader = answerReaders[job.endpoint];
  const usual = createUsualAnswers(reader);
  return {
    renderer: (output) => createRenderer({ ...job, ...output }),
    readRequest,
    renderRequest,
    raiseOutputTokens: (lines, bound) => raiseOutputTokens(job.endpoint, lines, bound),
    readVerdict: (line, wants) => {
      const answer = usual.read(line);
      if (answer === null) return readVerdict(line, reader, usual.learn, wants);
      const verdict = {
        type: 'succeeded',
        customId: answer.customId,
        usage: answer.usage,
      } as const;
      return wants === 'text'
        ? { ...verdict, outputText: JSON.parse(answer.quotedWords) as string }
        : verdict;
    },
    readContent: (line, include) => {
      const answer = include === undefined ? usual.read(line) : null;
      return answer === null
        ? scrubContent(readContent(line, reader, usual.learn, include), scrubbing)
        : contentOf(answer);
    },
  };
};

const contentOf = ({ quotedWords, usage, finishReason }: ShapedAnswer): LineContent => {
  const words = JSON.parse(quotedWords) as string;
  return { outputText: words, output: words, finishReason, toolCalls: null, usage, error: null };
};
