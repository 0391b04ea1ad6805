import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { ProviderWire } from '../../../lib/ports/provider.ts';
import { noSecrets, type Scrubbing, scrubContent } from '../../http/scrub.ts';
import type { GeminiEndpoint } from '../config/endpoints.ts';
import { raiseOutputTokens } from '../config/request-bounds.ts';
import { createRenderer } from '../requests/request-line.ts';
import { candidatesReader } from './answer-candidates.ts';
import { embeddingReader } from './answer-embedding.ts';
import { readContent, readVerdict } from './answer-line.ts';
import type { AnswerReader } from './answer-reader.ts';

const readers: Readonly<Record<GeminiEndpoint, AnswerReader>> = {
  generateContent: candidatesReader,
  embedContent: embeddingReader,
};

/** The pure half: request lines out, answer lines in. */
export const createGeminiWire = (
  {
    model,
    endpoint,
    params,
  }: {
    readonly model: string;
    readonly endpoint: GeminiEndpoint;
    readonly params: JsonObject;
  },
  scrubbing: Scrubbing = noSecrets,
): ProviderWire => {
  const reader = readers[endpoint];
  return {
    renderer: (output) => createRenderer({ model, endpoint, params, ...output }),
    raiseOutputTokens: (lines, bound) => raiseOutputTokens(endpoint, lines, bound),
    readVerdict: (line, wants) => readVerdict(line, reader, wants),
    readContent: (line, include) => scrubContent(readContent(line, reader, include), scrubbing),
  };
};
