import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import { isLeftAsItIs } from '../../lib/core/model/adopted.ts';
import { errorCodeOf } from '../../lib/core/values/error-code.ts';
import { endedRemedy, failureOfCode, failureReason } from '../../lib/core/values/failure.ts';
import type { LineContent } from '../../lib/ports/provider.ts';
import type { ListedRun } from '../../lib/ports/run-store.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import { must } from '../../lib/run/api/interop.ts';
import { flagValues } from '../print/flag-values.ts';
import { answerReader } from '../compose.ts';
import { keysIn } from '../shell/account.ts';
import type { Place } from '../shell/place.ts';

/**
 * The additions of `status` to the summary: the job, its flags and policies, the owner, and the
 * failures by class.
 */
export const standingOf = async (run: ListedRun, place: Place): Promise<JsonObject> => {
  const { snapshot, owner, ownedSinceMs = null } = run;
  return {
    owner,
    owned_since: ownedSinceMs === null ? null : new Date(ownedSinceMs).toISOString(),
    job: jobOf(snapshot),
    flags: flagValues(snapshot.config),
    policies: snakeKeys(snapshot.config.operation as unknown as JsonValue),
    failures: await failuresOf(run, place),
  };
};

const jobOf = ({ config }: RunSnapshot): JsonObject => {
  const { provider, source, prompt, structuredOutput } = config;
  return {
    model: provider.model,
    endpoint: provider.endpoint,
    completion_window: provider.completionWindow,
    params: provider.params,
    source: { kind: source.kind, ref: source.ref },
    prompt,
    schema_name: structuredOutput?.schemaName ?? null,
  };
};

/**
 * Failures by class, each with the provider's first message; reads a line per class. Null: started
 * by a release that did not count them.
 */
const failuresOf = async ({ snapshot, artifacts }: ListedRun, place: Place): Promise<JsonValue> => {
  const { failures } = snapshot;
  if (failures === null) return null;
  const lines = failures.flatMap(({ line }) => (line === null ? [] : [line]));
  const contents =
    lines.length === 0 || artifacts === undefined
      ? []
      : await contentsOf(snapshot, { artifacts, lines }, place);
  const errors = new Map(lines.map((line, at) => [line, contents[at]?.error ?? null]));
  return failures.map(({ code, count, line }) => {
    const errorClass = failureOfCode(code);
    const error = line === null ? null : (errors.get(line) ?? null);
    return {
      error_class: errorClass,
      count,
      error_code: error === null ? null : errorCodeOf(error.raw),
      message: error?.message ?? failureReason(errorClass),
      remedy: endedRemedy(errorClass, isLeftAsItIs(snapshot.config, 1)),
    };
  });
};

const contentsOf = async (
  { config, runId }: RunSnapshot,
  {
    artifacts,
    lines,
  }: {
    readonly artifacts: NonNullable<ListedRun['artifacts']>;
    readonly lines: readonly ObjectLine[];
  },
  { loaded }: Place,
): Promise<readonly (LineContent | null)[]> => {
  const { readContents } = await import('../../lib/effects/results/results.ts');
  try {
    const wire = await answerReader(config, keysIn(loaded));
    return await must(readContents(artifacts, wire, lines), { runId });
  } catch (error) {
    // Without the connection, or with damaged payloads, the counts are still shown.
    if (isBatchorError(error)) return [];
    throw error;
  }
};

interface ObjectLine {
  readonly object: string;
  readonly offset: number;
  readonly length: number;
}

/** Our own keys as JSON has them. */
const snakeKeys = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(snakeKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`),
      snakeKeys((each ?? null) as JsonValue),
    ]),
  );
};
