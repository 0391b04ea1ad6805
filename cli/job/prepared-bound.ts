import { isJsonObject } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { outputBoundOf } from '../compose.ts';
import { openInputs } from './job.ts';
import type { InputFile } from './input-kinds.ts';
import type { Policies } from './job-description.ts';
import type { BatchForm } from './batch-forms.ts';

/**
 * With a cost cap, the longest answer that a body of the prepared files allows bounds all of them.
 * Unchanged where a flag gives that bound, or a body has none. Reads the files once: O(bytes).
 */
export const withBound = async (
  policies: Policies,
  inputs: readonly InputFile[],
  {
    form,
    endpoint,
    provider,
    cwd,
  }: {
    readonly form: BatchForm;
    readonly endpoint: string;
    readonly provider: string;
    readonly cwd: string;
  },
): Promise<Policies> => {
  if (policies.costUsdMax === null || policies.assumeOutputTokens !== null) return policies;
  const boundOf = await outputBoundOf(endpoint, provider);
  const files = await openInputs(
    { inputs, idField: form.id, keepsDigits: true, keepsLetters: false },
    cwd,
  );
  let longest = 0;
  for (const file of files) {
    const { signal } = new AbortController();
    for await (const pulled of file.read(null, { signal }))
      for (const entry of isSlice(pulled) ? pulled : [pulled]) {
        const body = bodyOf(entry, form);
        if (body === null) continue;
        const bound = boundOf(body);
        if (bound === null) return policies;
        longest = Math.max(longest, bound);
      }
  }
  return longest === 0 ? policies : { ...policies, assumeOutputTokens: longest };
};

/** Null: a bad row, which is not sent. */
const bodyOf = (entry: SourceEntry, { body }: BatchForm) => {
  const row = 'item' in entry && isJsonObject(entry.item.payload) ? entry.item.payload : {};
  const request = row[body];
  return isJsonObject(request) ? request : null;
};

const isSlice = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] =>
  Array.isArray(pulled);
