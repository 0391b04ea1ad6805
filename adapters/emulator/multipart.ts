/** What a multipart body holds, in order: a part's headers, then its bytes in pieces. */
export type MultipartEvent =
  { readonly type: 'part'; readonly name: string; readonly filename: string | null } | { readonly type: 'data'; readonly bytes: Buffer };

/** The body is not the multipart/form-data that its header promised. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

const headerBytesMax = 16_384;
const headerEnd = Buffer.from('\r\n\r\n');

/** The boundary that a content-type header names, or null if it names none or is not multipart/form-data. */
export const boundaryOf = (contentType: string | undefined): string | null => {
  if (contentType === undefined || !/^multipart\/form-data\b/iu.test(contentType)) return null;
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/iu.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
};

/**
 * Reads a multipart/form-data body as it arrives. Memory: one chunk and one boundary.
 * Throws `MultipartError` on a body that is cut off or malformed.
 */
export async function* readMultipart(chunks: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<MultipartEvent> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter has no line break before it; lending it one makes it like the others.
  let buffer: Buffer = Buffer.from('\r\n');
  let place: 'preamble' | 'after_delimiter' | 'headers' | 'data' | 'epilogue' = 'preamble';

  for await (const chunk of chunks) {
    if (place === 'epilogue') continue;
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (let isHungry = false; !isHungry;) {
      if (place === 'preamble' || place === 'data') {
        const at = buffer.indexOf(delimiter);
        // What might be the beginning of a delimiter stays until more has come.
        const sure = at === -1 ? buffer.length - delimiter.length + 1 : at;
        if (place === 'data' && sure > 0) yield { type: 'data', bytes: buffer.subarray(0, sure) };
        if (at === -1) {
          buffer = sure > 0 ? buffer.subarray(sure) : buffer;
          isHungry = true;
        } else {
          buffer = buffer.subarray(at + delimiter.length);
          place = 'after_delimiter';
        }
      } else if (place === 'after_delimiter') {
        if (buffer.length < 2) isHungry = true;
        else if (buffer.toString('latin1', 0, 2) === '--') {
          place = 'epilogue';
          isHungry = true;
        } else if (buffer.toString('latin1', 0, 2) === '\r\n') place = 'headers';
        else throw new MultipartError('a boundary is followed by neither a line break nor the end mark');
      } else {
        // The line break after the boundary is kept, so that a part without headers ends like any other.
        const end = buffer.indexOf(headerEnd);
        if (end > headerBytesMax || (end === -1 && buffer.length > headerBytesMax))
          throw new MultipartError('the headers of a part are too long');
        if (end === -1) isHungry = true;
        else {
          yield readPartHeaders(buffer.toString('utf8', 2, end));
          buffer = buffer.subarray(end + headerEnd.length);
          place = 'data';
        }
      }
    }
  }
  if (place !== 'epilogue') throw new MultipartError('the body ends before its last boundary');
}

const readPartHeaders = (headers: string): MultipartEvent => {
  const disposition = /^content-disposition:\s*form-data\b(.*)$/imu.exec(headers)?.[1];
  const name = disposition === undefined ? null : parameterOf(disposition, 'name');
  if (disposition === undefined || name === null) throw new MultipartError('a part has no form-data name');
  return { type: 'part', name, filename: parameterOf(disposition, 'filename') };
};

const parameterOf = (disposition: string, name: string): string | null => {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]*))`, 'iu').exec(disposition);
  return match === null ? null : (match[1]?.replaceAll(/\\(.)/gu, '$1') ?? match[2] ?? '');
};
