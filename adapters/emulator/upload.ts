import type { IncomingMessage } from 'node:http';
import {
  openaiLimits,
  refused,
  type BlobWriter,
  type FakeProvider,
  type FileObject,
  type Reply,
  type StoredBlob,
} from '../../lib/sim/provider/index.ts';
import { boundaryOf, MultipartError, readMultipart } from './multipart.ts';

const fieldBytesMax = 65_536;
const fieldsMax = 32;

/** The fields of an upload form. */
interface UploadForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly filename: string | null;
  readonly blob: StoredBlob | null;
}

/** Serves `POST /v1/files`: the file's bytes go to the blob store as they arrive. */
export const receiveUpload = async (
  request: IncomingMessage,
  provider: FakeProvider,
): Promise<Reply<FileObject>> => {
  const boundary = boundaryOf(request.headers['content-type']);
  if (boundary === null) {
    request.resume();
    return refused(400, 'Expected a multipart/form-data body with a boundary.', { param: 'file' });
  }
  const read = await readForm(request, boundary, provider);
  if (read.type === 'refused') return read;
  const { fields, filename, blob } = read.form;
  if (blob === null)
    return refused(400, "Missing required parameter: 'file'.", {
      param: 'file',
      code: 'missing_required_parameter',
    });
  const seconds = fields.get('expires_after[seconds]');
  const anchor = fields.get('expires_after[anchor]');
  return provider.createFile({
    filename: filename ?? '',
    purpose: fields.get('purpose') ?? '',
    content: blob,
    ...(seconds === undefined && anchor === undefined
      ? {}
      : { expiresAfter: { anchor: anchor ?? '', seconds: Number(seconds ?? Number.NaN) } }),
  });
};

type FormRead =
  | { readonly type: 'form'; readonly form: UploadForm }
  | Extract<Reply<never>, { readonly type: 'refused' }>;

const readForm = async (
  request: IncomingMessage,
  boundary: string,
  provider: FakeProvider,
): Promise<FormRead> => {
  const fields = new Map<string, string>();
  const file: OpenUpload = {
    blobKey: provider.nextBlobKey(),
    writer: null,
    filename: null,
    bytes: 0,
  };
  let field: { name: string; chunks: Buffer[]; bytes: number } | null = null;
  const closeField = (): void => {
    if (field !== null) fields.set(field.name, Buffer.concat(field.chunks).toString('utf8'));
    field = null;
  };
  try {
    // The stream must outlive a malformed form: destroying it would cut the connection before the
    // rejection is sent.
    const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const event of readMultipart(chunks, boundary)) {
      if (event.type === 'data') {
        if (field === null) await append(file, event.bytes);
        else if ((field.bytes += event.bytes.length) > fieldBytesMax)
          throw new MultipartError(`the field '${field.name}' is too long`);
        else field.chunks.push(event.bytes);
        continue;
      }
      closeField();
      if (event.filename === null) {
        if (fields.size >= fieldsMax) throw new MultipartError('the form has too many fields');
        field = { name: event.name, chunks: [], bytes: 0 };
      } else {
        if (event.name !== 'file' || file.writer !== null)
          throw new MultipartError("the form must have one file, named 'file'");
        file.writer = await provider.blobs.create(file.blobKey);
        file.filename = event.filename;
      }
    }
    closeField();
  } catch (thrown) {
    await file.writer?.close();
    await provider.blobs.remove(file.blobKey);
    if (!(thrown instanceof MultipartError)) throw thrown;
    request.resume();
    return refused(400, `The multipart body is malformed: ${thrown.message}.`);
  }
  await file.writer?.close();
  const blob = file.writer === null ? null : { blobKey: file.blobKey, bytes: file.bytes };
  return { type: 'form', form: { fields, filename: file.filename, blob } };
};

interface OpenUpload {
  readonly blobKey: string;
  writer: BlobWriter | null;
  filename: string | null;
  bytes: number;
}

/**
 * Beyond the largest file of any purpose, bytes are counted but not stored; the rejection follows
 * the last byte.
 */
const append = async (file: OpenUpload, bytes: Buffer): Promise<void> => {
  file.bytes += bytes.length;
  if (file.bytes <= openaiLimits.fileBytesMax) await file.writer?.write(bytes);
};
