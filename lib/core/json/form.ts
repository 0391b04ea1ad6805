import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { isJsonObject } from './json.ts';

/**
 * Types of objects whose fields the compiler counts: a field without a type, optional or not, does
 * not compile.
 */

/** A field that may be absent. */
export interface Optional<A> {
  readonly optional: t.Type<A, unknown>;
}
export const optional = <A>(type: t.Type<A, unknown>): Optional<A> => ({ optional: type });

type FieldOf<A, K extends keyof A> =
  Record<never, never> extends Pick<A, K>
    ? Optional<Exclude<A[K], undefined>>
    : t.Type<A[K], unknown>;
/** A type for each field. */
export type Fields<A> = { readonly [K in keyof A]-?: FieldOf<A, K> };

interface Field {
  readonly key: string;
  readonly type: t.Type<unknown, unknown>;
  readonly isOptional: boolean;
}

const fieldsOf = (fields: object): readonly Field[] =>
  Object.entries(
    fields as Readonly<Record<string, t.Type<unknown, unknown> | Optional<unknown>>>,
  ).map(([key, field]) =>
    'optional' in field
      ? { key, type: field.optional, isOptional: true }
      : { key, type: field, isOptional: false },
  );

/**
 * An object of these fields. Open: what else the object has is left out, so that a caller's extra
 * fields come into no event. Answers the object itself where it is just right.
 */
export const form = <A extends object>(name: string, fields: Fields<A>): t.Type<A, unknown> => {
  const known = fieldsOf(fields);
  const keys = new Set(known.map(({ key }) => key));
  const is = (u: unknown): u is A =>
    isJsonObject(u) &&
    known.every(
      ({ key, type, isOptional }) => (isOptional && !Object.hasOwn(u, key)) || type.is(u[key]),
    ) &&
    Object.keys(u).every((key) => keys.has(key));
  const validate = (u: unknown, context: t.Context): t.Validation<A> => {
    if (is(u)) return t.success(u);
    if (!isJsonObject(u)) return t.failure(u, context, `not ${name}`);
    const whole: Record<string, unknown> = {};
    for (const { key, type, isOptional } of known) {
      if (isOptional && u[key] === undefined) continue;
      const read = type.validate(u[key], t.appendContext(context, key, type, u[key]));
      if (isLeft(read)) return read;
      whole[key] = read.right;
    }
    return t.success(whole as A);
  };
  return new t.Type<A, unknown>(name, is, validate, t.identity);
};

/** A union, discriminated by `type`. A variant without a form does not compile. */
export const variants = <A extends { readonly type: string }>(
  name: string,
  table: { readonly [T in A['type']]: t.Type<Extract<A, { readonly type: T }>, unknown> },
): t.Type<A, unknown> => {
  const typeOf = (u: unknown): t.Type<A, unknown> | null => {
    const tag = isJsonObject(u) ? u['type'] : undefined;
    return typeof tag === 'string' && Object.hasOwn(table, tag)
      ? (table[tag as A['type']] as unknown as t.Type<A, unknown>)
      : null;
  };
  return new t.Type<A, unknown>(
    name,
    (u): u is A => typeOf(u)?.is(u) ?? false,
    (u, c) =>
      typeOf(u)?.validate(u, c) ??
      t.failure(
        u,
        t.appendContext(c, 'type', t.string, isJsonObject(u) ? u['type'] : undefined),
        `not ${name} of this version`,
      ),
    t.identity,
  );
};

/** A list, each entry of the type: a hole is an entry, too. */
export const listOf = <A>(type: t.Type<A, unknown>): t.Type<readonly A[], unknown> => {
  const list = t.readonlyArray(type) as t.Type<readonly A[], unknown>;
  const is = (u: unknown): u is readonly A[] =>
    Array.isArray(u) && u.findIndex((entry) => !type.is(entry)) < 0;
  return new t.Type<readonly A[], unknown>(
    list.name,
    is,
    (u, c) => (is(u) ? t.success(u) : list.validate(u, c)),
    t.identity,
  );
};
