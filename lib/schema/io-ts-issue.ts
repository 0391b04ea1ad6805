import type * as t from 'io-ts';
import { atProperty } from './problem.ts';
import { type Tagged, unwrapped } from './io-ts-schema.ts';

/** The first thing that a codec finds wrong, and where: `$.items[2].price: a number is needed`. */
export const codecIssue = (errors: t.Errors): string => {
  // Of a union every branch complains: the one that came furthest meant the value.
  const [first] = [...errors].sort((a, b) => b.context.length - a.context.length);
  if (first === undefined) return 'refused';
  const last = first.context[first.context.length - 1];
  return `${pathOf(first.context)}: ${first.message ?? `${last?.type.name ?? 'something else'} is needed`}${errors.length === 1 ? '' : `, and ${errors.length - 1} more`}`;
};

/** Keys that io-ts puts between: the places of unions and intersections are none of the value's. */
const pathOf = (context: t.Context): string =>
  context.slice(1).reduce<string>((path, { key }, i) => {
    const parent = holderOf(context[i]?.type as unknown as Tagged | undefined);
    if (key === '' || parent?._tag === 'UnionType' || parent?._tag === 'IntersectionType')
      return path;
    const isPlace = parent?._tag === 'ArrayType' || parent?._tag === 'ReadonlyArrayType';
    return isPlace ? `${path}[${key}]` : atProperty(path, key);
  }, '$');

const holderOf = (codec: Tagged | undefined): Tagged | undefined => {
  const bare = codec === undefined ? undefined : unwrapped(codec);
  return bare?._tag === 'RecursiveType' ? holderOf(bare.type) : bare;
};
