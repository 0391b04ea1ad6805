import { isJsonObject } from '../../lib/core/json/json.ts';
import type { ResultSelection } from '../../lib/core/settle/results.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { EarlierItem } from '../../lib/run/sources/run-source.ts';
import { pathOfEndpoint } from '../compose.ts';
import type { ResultBytes } from '../print/result-lines.ts';
import { CliFailure } from '../shell/failure.ts';

/**
 * The stored requests of the failed rows as a prepared batch file, for a run without an input file.
 * A request with a number that would change when written again is left out and counted.
 */
export const failedRequests = async (
  run: Run,
  selection: ResultSelection,
): Promise<ResultBytes> => {
  if (selection === 'completed' || selection === 'all')
    throw new CliFailure(`--failed-inputs and --only ${selection} exclude each other`, {
      hint: 'Name failure classes, or omit --only.',
    });
  const only = selection;
  const { endpoint, model } = run.snapshot().config.provider;
  const url = await pathOfEndpoint(endpoint);
  let [rows, skipped] = [0, 0];
  async function* chunks(): AsyncGenerator<string> {
    for await (const pulled of run
      .source({ only })
      .read(null, { signal: new AbortController().signal })) {
      const entries = (
        Array.isArray(pulled) ? pulled : [pulled]
      ) as readonly SourceEntry<EarlierItem>[];
      const lines = entries.flatMap((entry) =>
        'item' in entry && isJsonObject(entry.item.payload.body)
          ? [
              JSON.stringify({
                custom_id: entry.item.itemId,
                method: 'POST',
                url,
                body: { model, ...entry.item.payload.body },
              }),
            ]
          : [],
      );
      rows += lines.length;
      skipped += entries.length - lines.length;
      if (lines.length > 0) yield `${lines.join('\n')}\n`;
    }
  }
  return {
    chunks: chunks(),
    totals: () => ({
      format: 'openai-batch',
      row_count: rows,
      ...(skipped === 0 ? {} : { skipped_count: skipped }),
    }),
  };
};
