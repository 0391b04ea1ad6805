import * as t from 'io-ts';

/** A value that passes the check, as it is. */
export const checked = <A>(name: string, is: (u: unknown) => u is A): t.Type<A, unknown> =>
  new t.Type<A, unknown>(
    name,
    is,
    (u, c) => (is(u) ? t.success(u) : t.failure(u, c, `not ${name}`)),
    t.identity,
  );
/** Errors name the type itself: a union would add the number of its member to the path. */
export const orNull = <A>(type: t.Type<A, unknown>): t.Type<A | null, unknown> =>
  new t.Type<A | null, unknown>(
    `${type.name} or null`,
    (u): u is A | null => u === null || type.is(u),
    (u, c) => (u === null ? t.success(null) : type.validate(u, c)),
    t.identity,
  );
export const oneOf = <A extends string>(name: string, names: readonly A[]): t.Type<A, unknown> =>
  checked(name, (u): u is A => typeof u === 'string' && (names as readonly string[]).includes(u));
export const named = <A extends string>(name: string): t.Type<A, unknown> =>
  checked(name, (u): u is A => typeof u === 'string');
