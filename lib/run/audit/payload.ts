import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { ObjectSpan } from '../../ports/run-store.ts';
import { messageOf } from '../../effects/faults.ts';
import { toBatchorError } from '../api/interop.ts';

/** The bytes, or why they cannot be read. */
export type Found = Uint8Array | { readonly fault: string };

/** Reads objects that may be damaged. Returns read errors as data instead of throwing them. */
export interface Payload {
  /** Size of the object in bytes, cached; a `fault` if it is missing. */
  size(object: string): Promise<number | { readonly fault: string }>;
  /** Reads many spans, in the given order; one object after the other. */
  read(spans: readonly ObjectSpan[]): Promise<readonly Found[]>;
}

export const createPayload = (artifacts: ArtifactStore): Payload => {
  // Small: there are a few objects per slice and per batch.
  const sizes = new Map<string, number | { readonly fault: string }>();
  const size = async (object: string): Promise<number | { readonly fault: string }> => {
    const known = sizes.get(object);
    if (known !== undefined) return known;
    const found = await artifacts.size(object)();
    const said =
      found._tag === 'Left'
        ? unreadable(object, found.left)
        : (found.right ?? { fault: `object ${object} is missing` });
    sizes.set(object, said);
    return said;
  };
  return {
    size,
    async read(spans) {
      const found = new Array<Found>(spans.length);
      const byObject = new Map<string, number[]>();
      for (const [index, span] of spans.entries()) {
        // Awaits only unknown sizes, since a microtask per row is costly.
        const fault = faultOfSpan(span, sizes.get(span.object) ?? (await size(span.object)));
        if (fault !== null) {
          found[index] = { fault };
          continue;
        }
        const indexes = byObject.get(span.object);
        if (indexes === undefined) byObject.set(span.object, [index]);
        else indexes.push(index);
      }
      for (const [object, indexes] of byObject) {
        const read = await artifacts.readSpans(
          object,
          indexes.map((index) => spans[index] as ObjectSpan),
        )();
        indexes.forEach((index, i) => {
          found[index] =
            read._tag === 'Left' ? unreadable(object, read.left) : (read.right[i] as Uint8Array);
        });
      }
      return found;
    },
  };
};

const unreadable = (object: string, error: PortError): { readonly fault: string } => {
  // The wrong folder is not damage.
  if (error.type === 'other_root') throw toBatchorError(error);
  return { fault: `object ${object} cannot be read: ${messageOf(error)}` };
};

const faultOfSpan = (
  { object, offset, length }: ObjectSpan,
  size: number | { readonly fault: string },
): string | null => {
  if (typeof size !== 'number') return size.fault;
  const isRange =
    Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length > 0;
  return isRange && offset + length <= size
    ? null
    : `bytes ${offset}+${length} are not in object ${object} of ${size} bytes`;
};
