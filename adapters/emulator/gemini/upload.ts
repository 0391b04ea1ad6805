import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsonObject } from '../../../lib/core/json/json.ts';
import {
  refused,
  type FakeProvider,
  type FileObject,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { readJsonBody } from '../body.ts';
import { readLine } from './request-line.ts';
import type { GeminiState, OpenUpload } from './state.ts';

const chunkGranularity = 262_144;
const flushBytes = 65_536;

/** Serves the start of a resumable upload: the answer's headers name the address for the bytes. */
export const startUpload = async (
  request: IncomingMessage,
  response: ServerResponse,
  provider: FakeProvider,
  state: GeminiState,
): Promise<Refused | null> => {
  const body = await readJsonBody(request);
  if (body.type === 'refused') return body;
  const { headers } = request;
  if (headers['x-goog-upload-protocol'] !== 'resumable')
    return refused(400, 'Only resumable uploads are served here.');
  const file =
    isJsonObject(body.value) && isJsonObject(body.value['file']) ? body.value['file'] : {};
  const blobKey = provider.nextBlobKey();
  state.uploadCount += 1;
  const id = `emulated-${state.uploadCount}`;
  state.uploads.set(id, {
    displayName: String(file['displayName'] ?? file['display_name'] ?? ''),
    mimeType: String(headers['x-goog-upload-header-content-type'] ?? file['mimeType'] ?? ''),
    blobKey,
    writer: await provider.blobs.create(blobKey),
    bytes: 0,
    written: 0,
    requests: 0,
    rest: Buffer.alloc(0),
    faults: new Map(),
  });
  const address = `http://${headers.host ?? ''}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`;
  response
    .setHeader('x-goog-upload-status', 'active')
    .setHeader('x-goog-upload-url', address)
    .setHeader('x-goog-upload-control-url', address)
    .setHeader('x-goog-upload-chunk-granularity', String(chunkGranularity));
  return null;
};

/** What became of bytes of an upload: more are expected (null), or there is a file. */
export type Uploaded = Reply<FileObject | null>;

/** Serves bytes of an upload, as they arrive; the last of them make a file of the fake. */
export const receiveBytes = async (
  request: IncomingMessage,
  provider: FakeProvider,
  state: GeminiState,
  id: string,
): Promise<Uploaded> => {
  const upload = state.uploads.get(id);
  const command = String(request.headers['x-goog-upload-command'] ?? '');
  const offset = Number(request.headers['x-goog-upload-offset'] ?? '0');
  if (upload === undefined || offset !== upload.bytes) {
    request.resume();
    return upload === undefined
      ? refused(404, 'The upload is not known, or is finalized.')
      : refused(400, `The offset is ${upload.bytes}, not ${offset}.`);
  }
  for await (const chunk of request as AsyncIterable<Buffer>) await append(upload, chunk);
  if (!/\bfinalize\b/u.test(command)) return { type: 'done', value: null };
  state.uploads.delete(id);
  if (upload.rest.length > 0) await append(upload, Buffer.from('\n'), false);
  await upload.writer.close();
  const reply = await provider.createFile({
    filename: 'requests.jsonl',
    purpose: 'batch',
    content: { blobKey: upload.blobKey, bytes: upload.written },
  });
  if (reply.type === 'done')
    state.files.set(reply.value.id, {
      displayName: upload.displayName,
      mimeType: upload.mimeType,
      bytes: upload.bytes,
      requests: upload.requests,
      faults: upload.faults,
      inline: null,
    });
  return reply;
};

/** Converts the lines that are whole; memory is one chunk and one line. */
const append = async (upload: OpenUpload, chunk: Buffer, isCounted = true): Promise<void> => {
  if (isCounted) upload.bytes += chunk.length;
  const bytes = Buffer.concat([upload.rest, chunk]);
  const end = bytes.lastIndexOf(0x0a) + 1;
  upload.rest = Buffer.from(bytes.subarray(end));
  if (end === 0) return;
  let pending = '';
  const write = async (): Promise<void> => {
    const encoded = Buffer.from(pending, 'utf8');
    pending = '';
    upload.written += encoded.length;
    await upload.writer.write(encoded);
  };
  for (const text of bytes.toString('utf8', 0, end).split('\n')) {
    if (text.trim() === '') continue;
    pending += `${converted(upload, text)}\n`;
    if (pending.length >= flushBytes) await write();
  }
  await write();
};

/** What is no request stays as it is: the file fails as a whole, when its batch is validated. */
const converted = (upload: OpenUpload, text: string): string => {
  upload.requests += 1;
  const read = readLine(text);
  if (read === null) return text;
  if (read.fault !== null && read.customId !== null) upload.faults.set(read.customId, read.fault);
  return read.line;
};
