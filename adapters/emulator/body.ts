import type { IncomingMessage } from 'node:http';
import { refused, type Refused } from '../../lib/sim/provider/index.ts';

const jsonBytesMax = 1_048_576;

/**
 * The JSON value of a request's body, or a rejection. Reads to the end in any case, and keeps at
 * most 1 MiB.
 */
export const readJsonBody = async (
  request: IncomingMessage,
): Promise<{ readonly type: 'json'; readonly value: unknown } | Refused> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= jsonBytesMax) chunks.push(chunk);
  }
  if (bytes > jsonBytesMax) return refused(413, 'The request body is too large.');
  try {
    return { type: 'json', value: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    return refused(
      400,
      'We could not parse the JSON body of your request. The API expects a JSON payload.',
    );
  }
};
