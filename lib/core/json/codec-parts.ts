import * as t from 'io-ts';
import { isJsonObject, isJsonValue, type JsonObject } from './json.ts';

const isJson = (u: unknown): u is JsonObject => isJsonObject(u) && isJsonValue(u);
/** All the way down: what JSON would change, such as a Date, is refused before it is stored. */
export const Json = new t.Type<JsonObject>(
  'JsonObject',
  isJson,
  (u, c) => (isJson(u) ? t.success(u) : t.failure(u, c)),
  t.identity,
);
/** A count or a duration: finite and not negative. */
export const NonNegative = new t.Type<number>(
  'NonNegative',
  (u): u is number => typeof u === 'number' && Number.isFinite(u) && u >= 0,
  (u, c) =>
    typeof u === 'number' && Number.isFinite(u) && u >= 0 ? t.success(u) : t.failure(u, c),
  t.identity,
);
export const orNull = <A>(type: t.Type<A, unknown>): t.Type<A | null, unknown> =>
  t.union([type, t.null]) as t.Type<A | null, unknown>;
/** A closed object: a key that is not named is an error, not dropped. */
export const closed = <P extends t.Props>(
  name: string,
  props: P,
): t.Type<t.TypeOf<t.TypeC<P>>, unknown> => {
  const inner = t.type(props, name);
  const unknownKey = (u: unknown): string | undefined =>
    isJsonObject(u) ? Object.keys(u).find((key) => !Object.hasOwn(props, key)) : undefined;
  return new t.Type(
    name,
    (u): u is t.TypeOf<t.TypeC<P>> => inner.is(u) && unknownKey(u) === undefined,
    (u, c) => {
      const extra = unknownKey(u);
      return extra === undefined
        ? inner.validate(u, c)
        : t.failure(u, c, `${name} has no key "${extra}"`);
    },
    t.identity as (a: t.TypeOf<t.TypeC<P>>) => unknown,
  );
};

/** A key that was added later: what was stored before may not have it. */
export const later = <A>(type: t.Type<A, unknown>, before: A): t.Type<A, unknown> =>
  new t.Type(
    type.name,
    type.is,
    (u, c) => (u === undefined ? t.success(before) : type.validate(u, c)),
    type.encode,
  );
export const laterOrNull = <A>(type: t.Type<A, unknown>): t.Type<A | null, unknown> =>
  later(orNull(type), null);
