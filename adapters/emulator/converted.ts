import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileContent } from '../../lib/sim/provider/index.ts';
import { packerOf } from './download.ts';
import type { ServiceCall } from './service.ts';

/**
 * Streams files of the fake, one behind the other, each line as the service writes it. A download
 * that ends early breaks the connection.
 */
export const sendConverted = async (
  { request, response }: Pick<ServiceCall, 'request' | 'response'>,
  contents: readonly FileContent[],
  convert: (line: string) => string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/jsonl' },
): Promise<void> => {
  const encoding = contents.find((content) => content.encoding !== undefined)?.encoding;
  response.writeHead(200, {
    ...headers,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  });
  response.flushHeaders();
  const packer = packerOf(encoding);
  const packed = packer === null ? null : pipeline(packer, response);
  const isWhole = await writeAll(packer ?? response, response, contents, convert);
  if (isWhole) (packer ?? response).end();
  // Sends what was written first, so that the client sees a body that is cut.
  else setImmediate(() => request.socket.destroySoon());
  await packed?.catch(() => undefined);
};

const writeAll = async (
  sink: Writable,
  response: Writable,
  contents: readonly FileContent[],
  convert: (line: string) => string,
): Promise<boolean> => {
  for (const content of contents) {
    let bytes = 0;
    const seen = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of content.chunks) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    for await (const text of converted(seen(), convert)) {
      if (response.destroyed) return false;
      if (!sink.write(text)) await Promise.race([once(sink, 'drain'), once(response, 'close')]);
    }
    if (bytes !== content.range.end - content.range.start) return false;
  }
  return true;
};

/** Lines of the fake, converted; what is no text stays as it is. */
async function* converted(
  chunks: AsyncIterable<Uint8Array>,
  convert: (line: string) => string,
): AsyncGenerator<string | Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    if (end > 0) yield convertedText(bytes.subarray(0, end), convert);
  }
  if (rest.length > 0) yield convertedText(rest, convert);
}

const convertedText = (bytes: Buffer, convert: (line: string) => string): string | Uint8Array => {
  const text = bytes.toString('utf8');
  // Another encoding, or a compressed file.
  if (text.includes('\uFFFD') || text.includes('\0')) return bytes;
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : convert(line)))
    .join('\n');
};
