import type { SourceEntry } from '../lib/ports/source.ts';
import type { JsonObject } from '../lib/core/json.ts';
import { customIdOf } from '../lib/core/ids.ts';
import { rendererOf } from './compose.ts';
import type { CliContext } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { jobOf } from './job.ts';
import type { JobDescription } from './job-description.ts';
import { checkInputs } from './preflight.ts';
import { writeNotes, writeText } from './render.ts';
import type { CliPrompt } from './rows.ts';

/** How many requests are shown unless `--limit` says otherwise. */
const shownRows = 3;

/** Prints the first request lines as they would be sent. Nothing is created, asked or paid; no key is needed. */
export const dryRun = async (description: JobDescription, context: CliContext, signal: AbortSignal): Promise<ExitCode> => {
  await checkInputs(description, context.cwd, signal);
  const job = await jobOf({ ...description, rowsMax: description.rowsMax ?? shownRows }, context.cwd);
  const render = await rendererOf(job.providerConfig);
  let itemCount = 0;
  for await (const pulled of job.source?.read(null, { signal }) ?? []) {
    for (const entry of isSlice(pulled) ? pulled : [pulled]) {
      const line = 'bad' in entry ? null : render(customIdOf(itemCount), entry.item.payload);
      const fault = line === null ? faultOf(entry) : 'reason' in line ? line.reason : null;
      if (line !== null && 'line' in line) await writeText(context.stdout, line.line);
      if (fault !== null) writeNotes(context, [`batchor: ${fault}`]);
      if (fault !== null && description.policies.badRows !== 'record') {
        writeNotes(context, ['  A run would pause here; --bad-rows record makes such rows failed items.']);
        return exitCodes.stopped;
      }
      itemCount += 1;
    }
  }
  return exitCodes.ok;
};

type Entry = SourceEntry<CliPrompt, JsonObject>;
const isSlice = (pulled: Entry | readonly Entry[]): pulled is readonly Entry[] => Array.isArray(pulled);

const faultOf = (entry: Entry): string | null => {
  if (!('bad' in entry)) return null;
  const { reason, field, location } = entry.bad;
  return `${location.ref}${location.line === null ? '' : `:${location.line}`}${field === null ? '' : `, field ${JSON.stringify(field)}`}: ${reason}`;
};
