import { linesOfRows } from '../../rows/read-rows.ts';
import type { Operation, RunConfig } from '../../core/model/config.ts';
import { requireKeepable, withRaisedCap } from '../job/job-limits.ts';
import { customIdsOf } from '../../core/values/custom-ids.ts';
import { isJsonObject, type JsonValue } from '../../core/json/json.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { SourceEntry } from '../../ports/source.ts';
import { createRowRenderer } from '../../effects/source/render.ts';
import type { EnginePorts } from '../../effects/ports.ts';
import type { RunId } from '../../core/values/ids.ts';
import { storedForm } from '../../schema/structure.ts';
import type { StructuredOutput } from '../../schema/types.ts';
import { makeStructure } from '../job/job-structure.ts';
import { changedSources } from '../sources/composite-source.ts';
import { BatchorError, type JobDifference } from '../api/errors.ts';
import { must } from '../api/interop.ts';

/** Fields that determine the prompts. They are fixed when the run starts. */
const frozenFields = [
  'jobName',
  'source',
  'provider',
  'prompt',
  'structuredOutput',
  'batchMetadata',
] as const;

/**
 * Compares a job with its stored run. Returns the job's operation if it differs. Throws
 * `source_changed`, or `job_changed` naming every difference.
 */
export const compareJob = (
  stored: RunSnapshot,
  given: RunConfig,
): { readonly changedOperation: Operation | null } => {
  const { config, runId, ingest } = stored;
  const differences = [
    ...frozenFields.flatMap((field) =>
      differencesOf(field, comparable(config, field), comparable(given, field)),
    ),
    // Request lines depend on it.
    ...differencesOf(
      'retryPolicy.raiseOutputTokensTo',
      config.operation.retry.raisedOutputTokensMax,
      given.operation.retry.raisedOutputTokensMax,
    ),
  ];
  if (differences.length > 0) {
    const first = differences[0] as JobDifference;
    throw new BatchorError(
      'job_changed',
      { runId, differences },
      `the job differs from run ${runId} in ${differences.map((difference) => difference.field).join(', ')} (${first.field}: ${thenAndNow(first)})`,
      'These fields cannot change during a run. Give the same values, or start a new run.',
    );
  }
  // The name is the same; the content is not.
  if (config.source.fingerprint !== given.source.fingerprint) {
    const changed = changedSources(config.source.fingerprint, given.source.fingerprint);
    throw new BatchorError(
      'source_changed',
      {
        ref: given.source.ref,
        storedFingerprint: config.source.fingerprint,
        foundFingerprint: given.source.fingerprint,
        nextIndex: ingest.checkpoint?.nextIndex ?? 0,
      },
      `${changed.length === 0 ? given.source.ref : changed.join(', ')} changed since run ${runId} ${ingest.isComplete ? 'read it' : `began to read it (it has read ${ingest.checkpoint?.nextIndex ?? 0} rows)`}`,
      ingest.isComplete
        ? `The results of ${runId} belong to the input before the change. Start a new run for the new input, or retry rows of ${runId} in a new run (--from-run ${runId}).`
        : 'Restore the file as it was, or start a new run with the new file.',
    );
  }
  const operation = withRaisedCap(config.operation, given.operation);
  requireKeptCap(config, operation);
  return {
    changedOperation:
      JSON.stringify(config.operation) === JSON.stringify(operation) ? null : operation,
  };
};

/** A cap of existing batches needs no bound until rows of them are sent again. */
const requireKeptCap = (
  { adopted = [], provider }: RunConfig,
  { money, retriesAdopted }: Operation,
): void => {
  if (adopted.length > 0 && retriesAdopted && money.costUsdMax !== null)
    requireKeepable(money.costUsdMax, money, provider);
};

const comparable = (config: RunConfig, field: (typeof frozenFields)[number]): JsonValue => {
  if (field === 'source') return { kind: config.source.kind, ref: config.source.ref };
  const value = JSON.parse(JSON.stringify(config[field])) as JsonValue;
  // The location of the schema's code does not change a prompt.
  return field === 'structuredOutput' && isJsonObject(value)
    ? { ...value, schemaRef: null }
    : value;
};

/** Every field path in which two values differ, starting at `field`. */
export const differencesOf = (
  field: string,
  stored: JsonValue,
  given: JsonValue,
): readonly JobDifference[] => {
  if (isJsonObject(stored) && isJsonObject(given)) {
    const keys = [...new Set([...Object.keys(stored), ...Object.keys(given)])].sort();
    return keys.flatMap((key) =>
      differencesOf(`${field}.${key}`, stored[key] ?? null, given[key] ?? null),
    );
  }
  if (JSON.stringify(stored) === JSON.stringify(given)) return [];
  return [
    {
      field,
      stored,
      given,
      remedy:
        stored === null
          ? 'Omit it as before, or start a new run.'
          : `Give ${JSON.stringify(stored)} as before, or start a new run.`,
    },
  ];
};

/** E.g. `5 then, none now`. */
export const thenAndNow = ({ stored, given }: Pick<JobDifference, 'stored' | 'given'>): string =>
  `${valueText(stored)} then, ${valueText(given)} now`;

const valueText = (value: JsonValue): string => (value === null ? 'none' : JSON.stringify(value));

/** Throws `job_changed` unless the schema equals the run's. */
export const compareSchema = (
  runId: RunId,
  { structuredOutput }: RunConfig,
  schema: StructuredOutput,
): void => {
  const stored = structuredOutput?.jsonSchema ?? null;
  const given = storedForm(makeStructure(schema).structure, stored);
  const differences = differencesOf('structuredOutput.jsonSchema', stored, given);
  const [first] = differences;
  if (first === undefined) return;
  throw new BatchorError(
    'job_changed',
    { runId, differences },
    `the schema differs from that of run ${runId} in ${differences.map(({ field }) => field).join(', ')} (${first.field}: ${thenAndNow(first)})`,
    'Give the schema that the run was started with, or none. Without one, the stored schema reads the results.',
  );
};

/**
 * Renders the last accepted row again and compares it with its stored line. This detects a changed
 * `buildPrompt`, since functions cannot be compared. Reads one row. Compares nothing if no row was
 * accepted yet, or if the last row was bad. Throws `job_changed`.
 */
export const compareLastRow = async (ports: EnginePorts): Promise<void> => {
  const { run, source } = ports;
  const { ingest, runId, config } = run.snapshot;
  const customIds = customIdsOf(config);
  if (source === null || ingest.isComplete || ingest.checkpoint === null || ingest.itemCount === 0)
    return;
  const [lines] = await must(linesOfRows(run, ingest.itemCount - 1, 1), { runId });
  if (lines === undefined || lines.request === null) return;
  const entry = await firstEntry(
    source.items.read(ingest.checkpoint.beforeLastPosition, {
      signal: new AbortController().signal,
    }),
  );
  if (entry === null) return;
  const rendered = await createRowRenderer(ports, source).render(
    entry,
    ingest.itemCount - 1,
    ingest.checkpoint.nextIndex - 1,
  );
  const [bytes] = await must(run.artifacts.readSpans(lines.request.object, [lines.request]), {
    runId,
  });
  const asStored = new TextDecoder().decode(bytes);
  // A row that shares a request is compared with that request, under its own custom_id.
  const stored =
    lines.sameAs === null
      ? asStored
      : asStored.replace(customIds.of(lines.sameAs), customIds.of(ingest.itemCount - 1));
  if (rendered.line === stored) return;
  throw new BatchorError(
    'job_changed',
    {
      runId,
      differences: [
        {
          field: 'buildPrompt',
          stored: stored.trimEnd(),
          given: rendered.line.trimEnd(),
          remedy: 'Build the same prompt as before, or start a new run.',
        },
      ],
    },
    `run ${runId}: the last row read now renders differently\n  stored: ${stored.trimEnd().slice(0, 400)}\n  now:    ${rendered.line.trimEnd().slice(0, 400)}`,
    'buildPrompt, the template or the row changed. They are fixed for the run: restore them, or start a new run.',
  );
};

const firstEntry = async (
  entries: AsyncIterable<SourceEntry | readonly SourceEntry[]>,
): Promise<SourceEntry | null> => {
  for await (const value of entries) {
    const entry = Array.isArray(value)
      ? (value as readonly SourceEntry[])[0]
      : (value as SourceEntry);
    if (entry !== undefined) return entry;
  }
  return null;
};
