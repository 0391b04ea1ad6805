import type { Mixed } from 'io-ts';
import type { JsonObject } from '../core/json/json.ts';

/** What a codec cannot say of itself. */
interface Annotation {
  readonly description?: string;
  readonly jsonSchema?: JsonObject;
}

const annotations = new WeakMap<object, Annotation>();

export const annotationOf = (codec: object): Annotation => annotations.get(codec) ?? {};

/**
 * The same codec with words for the model: they stand as `description` in the schema that is sent.
 * The codec given is left as it was.
 */
export const described = <Codec extends Mixed>(codec: Codec, description: string): Codec =>
  annotated(codec, { description });

/**
 * The same codec with a JSON Schema of its own, for codecs whose class says nothing (`new t.Type`,
 * those of io-ts-types): what the model is to write, which is what the codec is then given to
 * decode.
 */
export const withJsonSchema = <Codec extends Mixed>(codec: Codec, jsonSchema: JsonObject): Codec =>
  annotated(codec, { jsonSchema });

const annotated = <Codec extends Mixed>(codec: Codec, more: Annotation): Codec => {
  const copy = Object.create(
    Object.getPrototypeOf(codec) as object,
    Object.getOwnPropertyDescriptors(codec),
  ) as Codec;
  annotations.set(copy, { ...annotationOf(codec), ...more });
  return copy;
};
