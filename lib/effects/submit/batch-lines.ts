import type { ArtifactStore } from '../../ports/artifacts.ts';
import { PayloadError } from '../../ports/payload-error.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { OwnedRun, RequestSpan } from '../../ports/run-store.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import { batchLines as lineSpans } from '../../rows/read-slices.ts';
import { EngineFailure } from '../faults.ts';
import { createLineBlocks, type LineBlock } from '../../bytes/lines.ts';
import type { RunConfig } from '../../core/model/config.ts';
import { stampOf } from '../../core/values/custom-ids.ts';

interface Attempt {
  readonly batchNo: number;
  readonly createAttempt: number;
}

/** A batch's request lines, read from the payload store as they are asked for. */
export interface BatchLines {
  /** From the beginning, at each call. */
  read(): AsyncIterable<Uint8Array>;
  /** Why reading broke off, where our own stores are the reason; null: they are not. */
  fault(): PortError | null;
}

/** The lines of one create attempt of a batch, with output limits raised and stamped. */
export const batchLines = (
  run: Pick<OwnedRun, 'artifacts' | 'batchLines' | 'rows' | 'snapshot'>,
  wire: ProviderWire,
  attempt: Attempt,
): BatchLines => {
  const change = {
    raise: raisingOf(wire, run.snapshot.config),
    stamp: stampingOf(wire, run.snapshot.config, attempt),
  };
  let fault: PortError | null = null;
  const failed = (error: PortError): EngineFailure => {
    fault = error;
    return new EngineFailure(error);
  };
  async function* read(): AsyncGenerator<Uint8Array> {
    const spans = await lineSpans(run, attempt.batchNo)();
    if (spans._tag === 'Left') throw failed(spans.left);
    for (const span of spans.right)
      try {
        yield* await spanBytes(run.artifacts, span, change, failed);
      } catch (cause) {
        // Bytes that have changed since they were stored: the request breaks off, and is not the
        // transfer's fault.
        if (cause instanceof PayloadError) fault = cause.error;
        throw cause;
      }
  }
  return { read, fault: () => fault };
};

const spanBytes = async (
  artifacts: ArtifactStore,
  { object, offset, length, wasCharged }: RequestSpan,
  { raise, stamp }: { readonly raise: ChangeLines | null; readonly stamp: ChangeLines | null },
  failed: (error: PortError) => EngineFailure,
): Promise<AsyncIterable<Uint8Array>> => {
  const stored = await artifacts.read(object, { offset, length })();
  if (stored._tag === 'Left') throw failed(stored.left);
  const raised = raise === null || !wasCharged ? stored.right : changedLines(stored.right, raise);
  return stamp === null ? raised : changedLines(raised, stamp);
};

/** Whole lines, each as long as it was. */
type ChangeLines = (lines: string) => string;

/** How the run raises the output limits of rows that are asked again; null: it does not. */
export const raisingOf = (wire: ProviderWire, { operation }: RunConfig): ChangeLines | null => {
  const { raisedOutputTokensMax } = operation.retry;
  const { raiseOutputTokens } = wire;
  return raisedOutputTokensMax === null || raiseOutputTokens === undefined
    ? null
    : (lines) => raiseOutputTokens(lines, raisedOutputTokensMax);
};

/**
 * How batch and attempt come into the `custom_id`s of a batch; null: the run's ids have no field
 * for them.
 */
const stampingOf = (
  { stampCustomIds }: ProviderWire,
  { customIds }: RunConfig,
  { batchNo, createAttempt }: { readonly batchNo: number; readonly createAttempt: number },
): ChangeLines | null => {
  if (customIds?.isStamped !== true || stampCustomIds === undefined) return null;
  const stamp = stampOf(batchNo, createAttempt);
  return (lines) => stampCustomIds(lines, stamp);
};

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Request lines, changed on their way: whole lines at a time. */
export async function* changedLines(
  chunks: AsyncIterable<Uint8Array>,
  change: ChangeLines,
): AsyncGenerator<Uint8Array> {
  const blocks = createLineBlocks(Number.POSITIVE_INFINITY);
  const changed = ({ bytes }: LineBlock): Uint8Array =>
    encoder.encode(change(decoder.decode(bytes as Uint8Array)));
  for await (const chunk of chunks) yield* blocks.add(chunk).map(changed);
  yield* blocks.end().map(changed);
}
