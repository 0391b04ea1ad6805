import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { ObjectSpan } from '../../ports/run-store.ts';
import { messageOf } from '../../effects/faults.ts';
import { toBatchorError } from '../api/interop.ts';

/** The bytes, or what is wrong with the place where they should be. */
export type Found = Uint8Array | { readonly fault: string };

/** The payload plane for somebody who expects damage: what cannot be read is said, never thrown. */
export interface Payload {
  /** Bytes of the object, as they were found first; a fault when it is not there. */
  size(object: string): Promise<number | { readonly fault: string }>;
  /** Many spans at once, in the order asked for; objects are read one after the other. */
  read(spans: readonly ObjectSpan[]): Promise<readonly Found[]>;
}

export const createPayload = (artifacts: ArtifactStore): Payload => {
  // One number an object: objects are a few per slice and per batch.
  const sizes = new Map<string, number | { readonly fault: string }>();
  const size = async (object: string): Promise<number | { readonly fault: string }> => {
    const known = sizes.get(object);
    if (known !== undefined) return known;
    const found = await artifacts.size(object)();
    const said = found._tag === 'Left' ? unreadable(object, found.left) : (found.right ?? { fault: `object ${object} is missing` });
    sizes.set(object, said);
    return said;
  };
  return {
    size,
    async read(spans) {
      const found = new Array<Found>(spans.length);
      const byObject = new Map<string, number[]>();
      for (const [place, span] of spans.entries()) {
        // Waiting only for what is not known yet: a microtask a row is a cost of its own.
        const fault = faultOfSpan(span, sizes.get(span.object) ?? (await size(span.object)));
        if (fault !== null) {
          found[place] = { fault };
          continue;
        }
        const places = byObject.get(span.object);
        if (places === undefined) byObject.set(span.object, [place]);
        else places.push(place);
      }
      for (const [object, places] of byObject) {
        const read = await artifacts.readSpans(
          object,
          places.map((place) => spans[place] as ObjectSpan),
        )();
        places.forEach((place, i) => {
          found[place] = read._tag === 'Left' ? unreadable(object, read.left) : (read.right[i] as Uint8Array);
        });
      }
      return found;
    },
  };
};

const unreadable = (object: string, error: PortError): { readonly fault: string } => {
  // Who looks in the wrong place has found no damage.
  if (error.type === 'other_root') throw toBatchorError(error);
  return { fault: `object ${object} cannot be read: ${messageOf(error)}` };
};

const faultOfSpan = ({ object, offset, length }: ObjectSpan, size: number | { readonly fault: string }): string | null => {
  if (typeof size !== 'number') return size.fault;
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length > 0;
  return isRange && offset + length <= size ? null : `bytes ${offset}+${length} are not in object ${object} of ${size} bytes`;
};
