import type { JsonObject, JsonValue } from '../../../lib/core/json/json.ts';
import type { BatchObject, FakeProvider } from '../../../lib/sim/provider/index.ts';
import { type Answering, resultIn } from './result-line.ts';

/** The key of a request that came with the create, by its place. */
export const inlineKey = (index: number): string => `inline-${index}`;

/** The answers of requests that came with the create, in their order, with their own metadata. */
export const inlineResults = async (
  provider: FakeProvider,
  { output_file_id: output, error_file_id: error }: BatchObject,
  batch: Answering,
  metadata: readonly JsonValue[],
): Promise<readonly JsonObject[]> => {
  const results = new Map<string, JsonObject>();
  for (const id of [output, error]) {
    const chunks = id === null || id === '' ? null : provider.readFile(id);
    if (chunks === null) continue;
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    for (const line of Buffer.concat(parts).toString('utf8').split('\n')) {
      const read = line === '' ? null : resultIn(line, batch);
      if (read !== null) results.set(read.key, read.result);
    }
  }
  return metadata.flatMap((own, index) => {
    const result = results.get(inlineKey(index));
    return result === undefined ? [] : [{ ...result, ...(own === null ? {} : { metadata: own }) }];
  });
};
