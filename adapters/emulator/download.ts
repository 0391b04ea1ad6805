import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import type { ByteRange, FakeProvider, FileContent } from '../../lib/sim/provider/index.ts';
import { type AnswerForm, leaveOpen, sendReply } from './respond.ts';

/**
 * Serves `GET /v1/files/{id}/content`, the whole file or a range. A download that ends early breaks
 * the connection.
 */
export const sendContent = async (
  request: IncomingMessage,
  response: ServerResponse,
  provider: FakeProvider,
  id: string,
  form?: AnswerForm,
): Promise<void> => {
  const range = rangeOf(request.headers.range);
  const reply = await provider.fileContent(id, range ?? undefined);
  if (reply.type === 'reply_lost' && reply.broken?.reply.type === 'done') {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    return leaveOpen(response, reply.broken.manner);
  }
  if (reply.type !== 'done') return sendReply(request, response, reply, form);
  const content = reply.value;
  response.writeHead(range === null ? 200 : 206, headersOf(content, range !== null));
  response.flushHeaders();
  const packed = packerOf(content.encoding);
  if (packed !== null) return pipeline(content.chunks, packed, response);
  const sentBytes = await sendChunks(response, content);
  if (sentBytes === content.range.end - content.range.start) response.end();
  // Sends what was written first, so that the client sees a truncated file.
  else setImmediate(() => request.socket.destroySoon());
};

/** The encoder of a content encoding; null: the bytes are sent unchanged. */
export const packerOf = (encoding: string | undefined): Transform | null => {
  if (encoding === 'gzip') return createGzip();
  if (encoding === 'deflate') return createDeflate();
  return encoding === 'br' ? createBrotliCompress() : null;
};

const headersOf = (
  { filename, totalBytes, range, encoding }: FileContent,
  isPart: boolean,
): Record<string, string | number> => ({
  'content-type': 'application/octet-stream',
  'content-disposition': `attachment; filename="${encodeURIComponent(filename)}"`,
  ...(encoding === undefined
    ? { 'content-length': range.end - range.start }
    : { 'content-encoding': encoding }),
  'accept-ranges': 'bytes',
  ...(isPart ? { 'content-range': `bytes ${range.start}-${range.end - 1}/${totalBytes}` } : {}),
});

const sendChunks = async (response: ServerResponse, content: FileContent): Promise<number> => {
  let sentBytes = 0;
  for await (const chunk of content.chunks) {
    if (response.destroyed) return -1;
    sentBytes += chunk.length;
    if (!response.write(chunk)) await drained(response);
  }
  return sentBytes;
};

/** Resolves once the response accepts more data, or is closed. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
  });

/**
 * The range of a `bytes=from-to` header; null: the whole file. Several ranges are not supported.
 */
const rangeOf = (header: string | undefined): Partial<ByteRange> | null => {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/u.exec(header ?? '');
  if (match === null) return null;
  return { start: Number(match[1]), ...(match[2] === '' ? {} : { end: Number(match[2]) + 1 }) };
};
