import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { ProviderWire } from '../../../lib/ports/provider.ts';
import { type Scrubbing, scrubContent } from '../../http/scrub.ts';
import { readContent, readVerdict } from '../../openai/answers/answer-line.ts';
import { answerReaders } from '../../openai/answers/answer-bodies.ts';
import { raiseOutputTokens } from '../../openai/config/request-bounds.ts';
import { createRenderer, quote } from '../../openai/requests/request-line.ts';
import { readResultLine } from './result-line.ts';

const endpoint = 'chat.completions';
const reader = answerReaders[endpoint];
/** Nothing is learned of lines: what stands in OpenAI's does not stand in these. */
const learn = (): void => undefined;

/** The pure half: request lines out, answer lines in. Bodies are OpenAI's chat completions. */
export const createXaiWire = (
  job: { readonly model: string; readonly params: JsonObject },
  scrubbing: Scrubbing,
): ProviderWire => ({
  renderer: (output) => {
    const render = createRenderer({ ...job, ...output, endpoint, lines: 'bare' });
    return (customId, prompt) => {
      const rendered = render(customId, prompt);
      return 'reason' in rendered
        ? rendered
        : { ...rendered, line: requestLine(customId, rendered.line) };
    };
  },
  raiseOutputTokens: (lines, bound) => raiseOutputTokens(endpoint, lines, bound),
  readVerdict: (line, wants) => readVerdict(line, reader, learn, wants, readResultLine),
  readContent: (line, include) =>
    scrubContent(readContent(line, reader, learn, include, readResultLine), scrubbing),
});

/** A bare line of OpenAI's form in xAI's; the body goes over letter by letter. */
const requestLine = (customId: string, bare: string): string => {
  const id = quote(customId);
  const body = bare.slice(`{"custom_id":${id},"body":`.length, -'}\n'.length);
  return `{"batch_request_id":${id},"batch_request":{"chat_get_completion":${body}}}\n`;
};
