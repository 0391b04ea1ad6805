import type { IncomingMessage } from 'node:http';
import type {
  BlobStore,
  BlobWriter,
  FakeProvider,
  FileObject,
  Reply,
} from '../../lib/sim/provider/index.ts';
import { receiveUpload } from './upload.ts';

/** A request line of a service as the fake takes it; what is none stays, and fails its batch. */
export type ConvertLine = (line: string) => string;

/** Serves an upload: its lines go to the fake in the fake's form, as they arrive. */
export const receiveLines = (
  request: IncomingMessage,
  provider: FakeProvider,
  convert: ConvertLine,
): Promise<Reply<FileObject>> => {
  const written = new Map<string, number>();
  const create: BlobStore['create'] = async (key) => {
    const writer = await provider.blobs.create(key);
    return convertingWriter(writer, convert, (bytes) => {
      written.set(key, (written.get(key) ?? 0) + bytes);
    });
  };
  const blobs = {
    create,
    read: provider.blobs.read.bind(provider.blobs),
    remove: provider.blobs.remove.bind(provider.blobs),
  };
  return receiveUpload(request, {
    ...provider,
    blobs,
    createFile: (input) => {
      const { content } = input;
      return provider.createFile(
        'blobKey' in content
          ? {
              ...input,
              content: { ...content, bytes: written.get(content.blobKey) ?? content.bytes },
            }
          : input,
      );
    },
  });
};

/** Converts the lines that are whole; memory is one chunk and one line. */
export const convertingWriter = (
  writer: BlobWriter,
  convert: ConvertLine,
  count: (bytes: number) => void,
): BlobWriter => {
  let rest = Buffer.alloc(0);
  const put = async (bytes: Buffer): Promise<void> => {
    const text = bytes
      .toString('utf8')
      .split('\n')
      .map((line) => (line.trim() === '' ? line : convert(line)))
      .join('\n');
    const encoded = Buffer.from(text, 'utf8');
    count(encoded.length);
    await writer.write(encoded);
  };
  return {
    write: async (chunk) => {
      const bytes = Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(0x0a) + 1;
      rest = Buffer.from(bytes.subarray(end));
      if (end > 0) await put(bytes.subarray(0, end));
    },
    close: async () => {
      if (rest.length > 0) await put(rest);
      rest = Buffer.alloc(0);
      await writer.close();
    },
  };
};
