import type { BatchObject, FileContent, Reply } from '../../../lib/sim/provider/index.ts';
import { sendConverted } from '../converted.ts';
import type { ServiceCall } from '../service.ts';
import { type Answering, resultLine } from './result-line.ts';

/** The fake's files of a batch, one behind the other: here they are one. */
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

/** Streams the file of responses. A download that ends early breaks the connection. */
export const sendResults = (
  call: ServiceCall,
  contents: readonly FileContent[],
  batch: Answering,
): Promise<void> => sendConverted(call, contents, (line) => resultLine(line, batch));
