/** The parts of a multipart body in order: each part's headers, then its bytes in chunks. */
export type MultipartEvent =
  | { readonly type: 'part'; readonly name: string; readonly filename: string | null }
  | { readonly type: 'data'; readonly bytes: Buffer };

/** The body is not valid multipart/form-data. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

const headerBytesMax = 16_384;
const headerEnd = Buffer.from('\r\n\r\n');

/** The boundary in a content-type header; null: it has none, or is not multipart/form-data. */
export const boundaryOf = (contentType: string | undefined): string | null => {
  if (contentType === undefined || !/^multipart\/form-data\b/iu.test(contentType)) return null;
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/iu.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
};

/**
 * Parses a multipart/form-data body as it arrives. Memory: one chunk and one boundary. Throws
 * `MultipartError` for a truncated or malformed body.
 */
export async function* readMultipart(
  chunks: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<MultipartEvent> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter has no line break before it; adding one makes it like the others.
  let buffer: Buffer = Buffer.from('\r\n');
  let state: 'preamble' | 'after_delimiter' | 'headers' | 'data' | 'epilogue' = 'preamble';

  for await (const chunk of chunks) {
    if (state === 'epilogue') continue;
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (let isHungry = false; !isHungry;) {
      if (state === 'preamble' || state === 'data') {
        const at = buffer.indexOf(delimiter);
        // Bytes that may begin a delimiter wait for the next chunk.
        const sure = at === -1 ? buffer.length - delimiter.length + 1 : at;
        if (state === 'data' && sure > 0) yield { type: 'data', bytes: buffer.subarray(0, sure) };
        if (at === -1) {
          buffer = sure > 0 ? buffer.subarray(sure) : buffer;
          isHungry = true;
        } else {
          buffer = buffer.subarray(at + delimiter.length);
          state = 'after_delimiter';
        }
      } else if (state === 'after_delimiter') {
        if (buffer.length < 2) isHungry = true;
        else if (buffer.toString('latin1', 0, 2) === '--') {
          state = 'epilogue';
          isHungry = true;
        } else if (buffer.toString('latin1', 0, 2) === '\r\n') state = 'headers';
        else
          throw new MultipartError(
            'a boundary is followed by neither a line break nor the end mark',
          );
      } else {
        // The line break after the boundary is kept, so that a part without headers ends like any
        // other.
        const end = buffer.indexOf(headerEnd);
        if (end > headerBytesMax || (end === -1 && buffer.length > headerBytesMax))
          throw new MultipartError('the headers of a part are too long');
        if (end === -1) isHungry = true;
        else {
          yield readPartHeaders(buffer.toString('utf8', 2, end));
          buffer = buffer.subarray(end + headerEnd.length);
          state = 'data';
        }
      }
    }
  }
  if (state !== 'epilogue') throw new MultipartError('the body ends before its last boundary');
}

const readPartHeaders = (headers: string): MultipartEvent => {
  const disposition = /^content-disposition:\s*form-data\b(.*)$/imu.exec(headers)?.[1];
  const name = disposition === undefined ? null : parameterOf(disposition, 'name');
  if (disposition === undefined || name === null)
    throw new MultipartError('a part has no form-data name');
  return { type: 'part', name, filename: parameterOf(disposition, 'filename') };
};

const parameterOf = (disposition: string, name: string): string | null => {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]*))`, 'iu').exec(
    disposition,
  );
  return match === null ? null : (match[1]?.replaceAll(/\\(.)/gu, '$1') ?? match[2] ?? '');
};
