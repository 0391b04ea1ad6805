import { isJsonObject } from '../../../lib/core/json/json.ts';

/**
 * The body of a refusal in the one form that the SDK reads: it keeps what stands under `error`, and
 * of any other JSON nothing. Services answer `{"detail": …}` (FastAPI), `{"message": …}`
 * (gateways), or a list.
 */
export async function* inSdkForm(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  const whole = Buffer.concat(parts);
  yield underError(whole.toString('utf8')) ?? whole;
}

const underError = (text: string): Buffer | null => {
  if (!/^\s*[{[]/u.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    const isKept = isJsonObject(value) && value['error'] !== undefined && value['error'] !== null;
    return isKept ? null : Buffer.from(JSON.stringify({ error: value }));
  } catch {
    return null;
  }
};
