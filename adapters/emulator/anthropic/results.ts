import type { BatchObject, FileContent, Reply } from '../../../lib/sim/provider/index.ts';
import { sendConverted } from '../converted.ts';
import type { ServiceCall } from '../service.ts';
import { resultLine, type SentBatch } from './result-line.ts';

/**
 * The fake's files of a batch, one behind the other. A batch without any has no results, as one
 * whose results are not there yet.
 */
export const openResults = async (
  { provider }: ServiceCall,
  batch: BatchObject,
): Promise<Reply<readonly FileContent[]>> => {
  const contents: FileContent[] = [];
  for (const id of [batch.output_file_id, batch.error_file_id]) {
    if (id === null || id === '') continue;
    const reply = await provider.fileContent(id);
    if (reply.type !== 'done') return reply;
    contents.push(reply.value);
  }
  return { type: 'done', value: contents };
};

/** Streams results as Anthropic does. */
export const sendResults = (
  call: ServiceCall,
  id: string,
  contents: readonly FileContent[],
  sent: SentBatch,
): Promise<void> =>
  sendConverted(call, contents, (line) => resultLine(line, sent).text, {
    'content-type': 'application/x-jsonl',
    'content-disposition': `attachment; filename*=utf-8''${id}_results.jsonl`,
  });
