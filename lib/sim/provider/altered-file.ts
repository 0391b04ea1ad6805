import { newline, joinBytes } from '../../bytes/lines.ts';
import type { AnswersFault } from './faults.ts';
import type { FileRecord } from './stored-files.ts';
import { packed } from './packed.ts';
import type { ProviderWorld } from './world.ts';

const page =
  '<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>Your session has ended. Please sign in to the gateway.</body></html>\n';

/** Which of its batch's files it is; null for an upload. */
export const partOf = ({ batchNo, filename }: FileRecord): 'output' | 'error' | null =>
  batchNo === null ? null : filename.endsWith('_error.jsonl') ? 'error' : 'output';

/** The bytes that are downloaded instead of the file's. The whole file is in memory meanwhile. */
export const alteredBytes = async (
  world: ProviderWorld,
  file: FileRecord,
  type: Exclude<AnswersFault['type'], 'file_gone'>,
): Promise<Uint8Array> => {
  switch (type) {
    case 'answers_html':
      return new TextEncoder().encode(page);
    case 'answers_utf16':
      return inUtf16(new TextDecoder().decode(await wholeOf(world, file)));
    case 'answers_cut_line': {
      const whole = await wholeOf(world, file);
      const lastLine = whole.length - 1 - whole.lastIndexOf(newline, whole.length - 2);
      return whole.subarray(0, Math.max(0, whole.length - Math.ceil(lastLine / 2)));
    }
    case 'answers_gzip':
      return packed(await wholeOf(world, file));
    case 'answers_of_another': {
      const other = world.files
        .list(world.nowMs())
        .find(
          (each) =>
            each.batchNo !== null && each.batchNo !== file.batchNo && partOf(each) === partOf(file),
        );
      return other === undefined ? ofAnotherRun(await wholeOf(world, file)) : wholeOf(world, other);
    }
  }
};

const wholeOf = async (world: ProviderWorld, { blobKey }: FileRecord): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of world.blobs.read(blobKey)) chunks.push(chunk.slice());
  return joinBytes(chunks);
};

const inUtf16 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xfeff, true);
  for (let at = 0; at < text.length; at += 1) view.setUint16(2 * at + 2, text.charCodeAt(at), true);
  return bytes;
};

/** The same answers with the custom_ids of another run's nonce; ids of other forms stay. */
const ofAnotherRun = (bytes: Uint8Array): Uint8Array =>
  new TextEncoder().encode(
    new TextDecoder()
      .decode(bytes)
      .replaceAll(/"custom_id": "r[0-9a-z]{8}-/gu, '"custom_id": "r0another-'),
  );
