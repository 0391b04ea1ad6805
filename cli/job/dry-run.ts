import { customIdsOf, quotedCustomIds } from '../../lib/core/values/custom-ids.ts';
import { addIdHash, noIdHashes, rowsLike } from '../../lib/core/source/id-hashes.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { sourceOf } from '../../lib/run/job/job-source.ts';
import { raisedOf } from '../../lib/run/job/job-limits.ts';
import { firstOfRequests } from '../../lib/run/quote/quote-rows.ts';
import { structuredOutputOf } from '../../lib/run/job/job-structure.ts';
import type { AnyJob } from '../../lib/run/job/job.ts';
import { rendererOf } from '../compose.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { flagsThatHelp, inFlags } from '../shell/file-flags.ts';
import { type CliJob, jobOf, type Runs } from './job.ts';
import type { Description } from './job-description.ts';
import { checkInputs, checkRowSizes } from './preflight.ts';
import { writeNotes, writeText } from '../print/render.ts';

/** Number of requests shown without `--limit`. */
const shownRows = 3;

/**
 * Prints the first request lines as they would be sent. Creates and sends nothing, and needs no
 * key. The run's nonce in `custom_id` is shown as zeros.
 */
export const dryRun = async (
  description: Description,
  limit: number | null,
  context: CliContext,
  { runs, note }: { readonly runs: Runs | null; readonly note: (line: string) => void },
): Promise<ExitCode> => {
  const { signal } = new AbortController();
  await checkInputs(description, context.cwd, signal);
  const job = await jobOf(description, context.cwd, runs, note);
  await checkRowSizes(description, job, signal, note);
  const erased = job as unknown as AnyJob;
  const render = await rendererOf(job.providerConfig, structuredOutputOf(erased), raisedOf(erased));
  const { items, buildPrompt } = sourceOf(erased);
  // Refuses rows of a run that cannot be sent again, as a start would.
  if ('earlier' in description) await items.fingerprint({ signal });
  const shown = limit ?? shownRows;
  const customIds = customIdsOf({ customIds: quotedCustomIds });
  const isFirst =
    erased.reusePolicy?.duplicates === 'send_once' ? firstOfRequests(customIds) : () => true;
  const takenId = idsTaken();
  let itemCount = 0;
  let sharedCount = 0;
  const end = (): ExitCode => {
    if (sharedCount > 0)
      writeNotes(context, [
        `batchor: of these ${itemCount} rows, ${sharedCount} would not be sent: an earlier row has the same request`,
      ]);
    return exitCodes.ok;
  };
  for await (const pulled of items.read(null, { signal })) {
    for (const entry of isSlice(pulled) ? pulled : [pulled]) {
      if (itemCount === shown) return end();
      const taken = takenId(entry);
      const line =
        'bad' in entry || taken !== null
          ? null
          : render(customIds.of(itemCount), await buildPrompt(entry.item));
      const fault =
        line === null ? (taken ?? faultOf(entry)) : 'reason' in line ? line.reason : null;
      if (line !== null && 'line' in line) {
        if (isFirst(line.line, itemCount)) await writeText(context.stdout, line.line);
        else sharedCount += 1;
      }
      if (fault !== null && !recordsBadRows(job)) throw badRow(fault);
      if (fault !== null) writeNotes(context, [`batchor: ${inFlags(fault)}`]);
      itemCount += 1;
    }
  }
  return end();
};

/**
 * Call for each row in order. The error of a row whose id is that of an earlier row; null: it has
 * an id of its own, or another error.
 */
const idsTaken = (): ((entry: SourceEntry) => string | null) => {
  const ids = noIdHashes();
  let count = 0;
  return (entry) => {
    if ('bad' in entry) return null;
    const { item, location, idField = null } = entry;
    const isTaken = rowsLike(ids, item.itemId).length > 0;
    if (!isTaken) addIdHash(ids, item.itemId, count);
    count += 1;
    const where = { ref: location?.ref ?? '', line: location?.line ?? null };
    return isTaken
      ? placed(where, idField, `the id ${JSON.stringify(item.itemId)} is taken by an earlier row`)
      : null;
  };
};

/** At such a row a run pauses, unless it records bad rows. */
const badRow = (fault: string): CliFailure => {
  const flags = flagsThatHelp(fault);
  return new CliFailure(fault, {
    hint: 'A run would pause here.',
    retype:
      flags === null
        ? { says: 'To record such rows as failed items', adds: ['--bad-rows record'] }
        : { says: 'To read it', adds: [flags] },
    exitCode: exitCodes.stopped,
  });
};

const recordsBadRows = ({ badRows }: CliJob): boolean => badRows === 'record';

const isSlice = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] =>
  Array.isArray(pulled);

const faultOf = (entry: SourceEntry): string | null => {
  if (!('bad' in entry)) return null;
  const { reason, field, location } = entry.bad;
  return placed(location, field, reason);
};

const placed = (
  { ref, line }: { readonly ref: string; readonly line: number | null },
  field: string | null,
  reason: string,
): string =>
  `${ref}${line === null ? '' : `:${line}`}${field === null ? '' : `, field ${JSON.stringify(field)}`}: ${reason}`;
