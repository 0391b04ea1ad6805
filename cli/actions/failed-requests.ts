import { memberText, withMembers } from '../../lib/core/json/json-members.ts';
import type { ResultSelection } from '../../lib/core/settle/results.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { EarlierItem } from '../../lib/run/sources/run-source.ts';
import { pathOfEndpoint } from '../compose.ts';
import { type BatchForm, formOfProvider } from '../job/batch-forms.ts';
import { cliProviders } from '../job/providers.ts';
import type { ResultBytes } from '../print/result-lines.ts';
import { CliFailure } from '../shell/failure.ts';

/** Requests as a file, and the flags of `start` that take it again. */
export interface FailedRequests extends ResultBytes {
  /** Why there is no request; null: there are some. */
  readonly emptyReason: string | null;
  readonly flags: string;
}

/**
 * The stored requests of the failed rows as a prepared batch file of the run's provider, for a run
 * without an input file: letter by letter. Rows without a request are left out and counted.
 */
export const failedRequests = async (
  run: Run,
  selection: ResultSelection,
): Promise<FailedRequests> => {
  if (selection === 'completed' || selection === 'all')
    throw new CliFailure(`--failed-inputs and --only ${selection} exclude each other`, {
      hint: 'Name failure classes, or omit --only.',
    });
  const only = selection;
  const { kind, endpoint, model } = run.snapshot().config.provider;
  const provider = cliProviders.find(({ name }) => name === kind);
  if (provider === undefined)
    throw new CliFailure(
      `--failed-inputs: run ${run.runId} has no input file, and its provider (${kind}) no batch format that start reads`,
      {
        hint: `Send the failed rows again without a file: batchor start --from-run ${run.runId}`,
      },
    );
  const form = formOfProvider(provider.name);
  const lineOf = await lineWriter(form, { endpoint, model });
  let [rows, skipped] = [0, 0];
  async function* chunks(): AsyncGenerator<string> {
    for await (const pulled of run
      .source({ only, keepsText: true })
      .read(null, { signal: new AbortController().signal })) {
      const entries = (
        Array.isArray(pulled) ? pulled : [pulled]
      ) as readonly SourceEntry<EarlierItem>[];
      const lines = entries.flatMap((entry) =>
        'item' in entry && entry.item.payload.bodyText !== undefined
          ? [lineOf(entry.item.itemId, entry.item.payload.bodyText)]
          : [],
      );
      rows += lines.length;
      skipped += entries.length - lines.length;
      if (lines.length > 0) yield `${lines.join('\n')}\n`;
    }
  }
  const lines = chunks();
  const first = await lines.next();
  return {
    emptyReason:
      first.done !== true
        ? null
        : skipped === 0
          ? `no row of run ${run.runId} failed${only === 'failed' ? '' : ` as ${only.join(' or ')}`}`
          : 'the failed rows were not valid, and have no request',
    chunks: (async function* () {
      if (first.done !== true) yield first.value;
      yield* lines;
    })(),
    totals: () => ({
      format: form.name,
      row_count: rows,
      ...(skipped === 0 ? {} : { skipped_count: skipped }),
    }),
    flags: [
      ...(provider === cliProviders[0] ? [] : [` --provider ${provider.name}`]),
      ...(form.namesModel ? [] : [` --model ${model}`]),
    ].join(''),
  };
};

/** A request as a line of the form, with the model of the run where lines name one. */
const lineWriter = async (
  { id, body, hasUrl, namesModel }: BatchForm,
  { endpoint, model }: { readonly endpoint: string; readonly model: string },
): Promise<(itemId: string, bodyText: string) => string> => {
  const address = hasUrl
    ? `"method":"POST","url":${JSON.stringify(await pathOfEndpoint(endpoint))},`
    : '';
  return (itemId, bodyText) => {
    const request =
      namesModel && memberText(bodyText, 'model') === null
        ? withMembers(bodyText, new Map([['model', JSON.stringify(model)]]))
        : bodyText;
    return `{${JSON.stringify(id)}:${JSON.stringify(itemId)},${address}${JSON.stringify(body)}:${request}}`;
  };
};
