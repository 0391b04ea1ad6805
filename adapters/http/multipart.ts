import { randomUUID } from 'node:crypto';

/** A multipart/form-data body whose length is known before its first byte is read. */
export interface MultipartUpload {
  readonly contentType: string;
  readonly contentLength: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Why reading the file's bytes ended the body early; null when it did not. */
  fault(): UploadFault | null;
}
export type UploadFault =
  | { readonly type: 'unreadable'; readonly cause: unknown }
  | { readonly type: 'wrong_length'; readonly bytesSeen: number };

/**
 * Frames small fields and one streamed file of exactly `bytes` bytes. A file of another length
 * aborts the body, so that the server does not accept it.
 */
export const frameUpload = (input: {
  readonly fields: Readonly<Record<string, string>>;
  readonly fileName: string;
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}): MultipartUpload => {
  const boundary = `batchor-${randomUUID()}`;
  const fields = Object.entries(input.fields).map(
    ([name, value]) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const fileName = input.fileName.replace(/[^\w.-]/gu, '_');
  const file = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${fileName}"\r\ncontent-type: application/jsonl\r\n\r\n`;
  const head = Buffer.from(fields.join('') + file);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  let fault: UploadFault | null = null;
  async function* body(): AsyncGenerator<Uint8Array> {
    yield head;
    let bytesSeen = 0;
    try {
      for await (const chunk of input.chunks) {
        bytesSeen += chunk.byteLength;
        if (bytesSeen > input.bytes) break;
        yield chunk;
      }
    } catch (cause) {
      fault = { type: 'unreadable', cause };
      throw cause;
    }
    if (bytesSeen !== input.bytes) {
      fault = { type: 'wrong_length', bytesSeen };
      throw new Error('the file is not as long as was said');
    }
    yield tail;
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.length + input.bytes + tail.length,
    body: body(),
    fault: () => fault,
  };
};
