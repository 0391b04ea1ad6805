import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { FileObject } from '../../../lib/sim/provider/index.ts';
import { fileName } from './names.ts';
import type { GeminiState } from './state.ts';

/** A time as the service writes it: with nanoseconds. */
export const timeText = (ms: number): string =>
  new Date(ms).toISOString().replace(/(\.\d{3})Z$/u, '$1000000Z');

/** The fake's file in the shape of the Files API. */
export const fileObject = (
  { files }: GeminiState,
  file: FileObject,
  origin: string,
): JsonObject => {
  const sent = files.get(file.id);
  const name = fileName(file.id);
  return {
    name,
    ...(sent === undefined || sent.displayName === '' ? {} : { displayName: sent.displayName }),
    mimeType: sent?.mimeType ?? 'application/jsonl',
    sizeBytes: String(sent?.bytes ?? file.bytes),
    createTime: timeText(file.created_at * 1000),
    updateTime: timeText(file.created_at * 1000),
    ...(file.expires_at === null ? {} : { expirationTime: timeText(file.expires_at * 1000) }),
    sha256Hash: Buffer.from(file.id).toString('base64'),
    uri: `${origin}/v1beta/${name}`,
    state:
      file.status === 'processed' ? 'ACTIVE' : file.status === 'error' ? 'FAILED' : 'PROCESSING',
    source: 'UPLOADED',
  };
};
