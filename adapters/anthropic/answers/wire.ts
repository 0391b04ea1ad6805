import { stampCustomIds } from '../../../lib/core/values/custom-ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { LineContent, ProviderWire } from '../../../lib/ports/provider.ts';
import { raiseOutputTokens } from '../config/request-bounds.ts';
import { readRequest, renderRequest } from '../requests/prepared-request.ts';
import { createRenderer } from '../requests/request-line.ts';
import { readContent, readVerdict } from './answer-line.ts';

/** Makes the content of a line fit to be shown: secrets of the connection are taken out. */
export type ScrubContent = (content: LineContent) => LineContent;

/** The pure half: request lines out, answer lines in. */
export const createAnthropicWire = (
  job: { readonly model: string; readonly params: JsonObject },
  scrubContent: ScrubContent = (content) => content,
): ProviderWire => ({
  renderer: (output) => createRenderer({ ...job, ...output }),
  readRequest,
  renderRequest,
  raiseOutputTokens,
  // Batches carry no name and no metadata: the ids in their answers are the only proof.
  stampCustomIds,
  readVerdict,
  readContent: (line, include) => {
    const content = readContent(line, include);
    return content.error === null && include === undefined ? content : scrubContent(content);
  },
});
