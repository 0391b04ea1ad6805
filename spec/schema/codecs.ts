import fc from 'fast-check';
import * as t from 'io-ts';
import { objectOf } from '../../lib/schema/refs.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';

/** A codec, a value of it, and that value as a strict answer writes it: absent keys as null. */
export interface Case {
  readonly codec: t.Mixed;
  readonly value: unknown;
  readonly written: JsonValue;
}

/** A codec together with the values of it. */
interface Kind {
  readonly codec: t.Mixed;
  readonly values: fc.Arbitrary<Omit<Case, 'codec'>>;
  /** Takes null itself: then null is a value, and an absent key cannot be told from it. */
  readonly takesNull: boolean;
  /** What unions tell their branches by. */
  readonly shape: string;
  /**
   * Takes any object that has its keys, and drops the others: beside it no other object is ever
   * meant.
   */
  readonly isGreedy?: boolean;
}

const plain = (codec: t.Mixed, values: fc.Arbitrary<JsonValue>, shape: string): Kind => ({
  codec,
  values: values.map((value) => ({ value, written: value })),
  takesNull: shape === 'null',
  shape,
});

interface EvenBrand {
  readonly Even: unique symbol;
}
const Even = t.brand(t.number, (n): n is t.Branded<number, EvenBrand> => n % 2 === 0, 'Even');
const finite = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((n) => (Object.is(n, -0) ? 0 : n));
const word = fc.stringMatching(/^[a-z]{1,6}$/);

const leaf: fc.Arbitrary<Kind> = fc.oneof(
  fc.constantFrom(
    plain(t.string, fc.string(), 'string'),
    plain(t.number, finite, 'number'),
    plain(t.Int, fc.integer(), 'number'),
    plain(t.boolean, fc.boolean(), 'boolean'),
    plain(t.null, fc.constant(null), 'null'),
    plain(
      Even,
      fc.integer().map((n) => n * 2),
      'number',
    ),
  ),
  fc
    .oneof(fc.string(), fc.integer(), fc.boolean())
    .map((value) => plain(t.literal(value), fc.constant(value), `${typeof value}`)),
  fc
    .uniqueArray(word, { minLength: 1, maxLength: 4 })
    .map((keys) =>
      plain(
        t.keyof(Object.fromEntries(keys.map((key) => [key, null]))),
        fc.constantFrom(...keys),
        'string',
      ),
    ),
);

const listOf = (kind: Kind, isReadonly: boolean): Kind => ({
  codec: isReadonly ? t.readonlyArray(kind.codec) : t.array(kind.codec),
  values: fc.array(kind.values, { maxLength: 3 }).map((all) => ({
    value: all.map(({ value }) => value),
    written: all.map(({ written }) => written),
  })),
  takesNull: false,
  shape: 'list',
});

interface Member {
  readonly name: string;
  readonly kind: Kind;
  readonly presence: 'required' | 'partial' | 'undefined';
}

/** io-ts reads absent properties from the prototype: of these names it finds something there. */
const name = fc.oneof(word, fc.string()).filter((text) => !(text in Object.prototype));
const members = (kind: fc.Arbitrary<Kind>): fc.Arbitrary<readonly Member[]> =>
  fc.uniqueArray(
    fc.record({
      name,
      kind,
      presence: fc.constantFrom('required' as const, 'partial' as const, 'undefined' as const),
    }),
    {
      selector: (member) => member.name,
      maxLength: 4,
    },
  );

const propsOf = (all: readonly Member[], codecOf: (member: Member) => t.Mixed): t.Props =>
  Object.fromEntries(all.map((member) => [member.name, codecOf(member)]));

const objectOfMembers = (all: readonly Member[], style: number): Kind => {
  const partial = all.filter(({ presence }) => presence === 'partial');
  const rest = all.filter(({ presence }) => presence !== 'partial');
  const required = t.type(
    propsOf(rest, ({ kind, presence }) =>
      presence === 'undefined' ? t.union([kind.codec, t.undefined]) : kind.codec,
    ),
  );
  const whole: t.HasProps =
    partial.length === 0
      ? required
      : t.intersection([required, t.partial(propsOf(partial, ({ kind }) => kind.codec))]);
  const codec = style === 0 ? whole : style === 1 ? t.exact(whole) : t.readonly(whole);
  const values = fc
    .tuple(
      ...all.map(({ kind, presence }) =>
        fc.tuple(kind.values, presence === 'required' ? fc.constant(true) : fc.boolean()),
      ),
    )
    .map((drawn) => {
      const value: [string, unknown][] = [];
      const written: [string, JsonValue][] = [];
      drawn.forEach(([one, isPresent], i) => {
        const member = all[i] as Member;
        // Null that the codec takes itself stays null.
        const isNull = !isPresent && member.kind.takesNull;
        if (isPresent) value.push([member.name, one.value]);
        else if (isNull) value.push([member.name, null]);
        written.push([member.name, isPresent ? one.written : null]);
      });
      return { value: Object.fromEntries(value), written: objectOf(written) };
    });
  return {
    codec,
    values,
    takesNull: false,
    isGreedy: style === 1,
    shape: `object ${all
      .map((member) => member.name)
      .sort()
      .join()}`,
  };
};

/** Of kinds that a reader can tell apart. */
const unionOf = (kinds: readonly Kind[]): Kind => {
  const greedy = kinds.find(({ isGreedy }) => isGreedy === true);
  const apart = kinds.filter(
    (kind, i) =>
      kinds.findIndex(({ shape }) => shape === kind.shape) === i &&
      kind.shape !== 'union' &&
      (greedy === undefined || kind === greedy || !kind.shape.startsWith('object')),
  );
  const [first, second, ...more] = apart;
  if (first === undefined || second === undefined) return kinds[0] as Kind;
  return {
    codec: t.union([first.codec, second.codec, ...more.map(({ codec }) => codec)]),
    values: fc.oneof(...apart.map(({ values }) => values)),
    takesNull: apart.some(({ takesNull }) => takesNull),
    shape: 'union',
  };
};

/** A list of itself, beside another member. */
const recursive = (kind: Kind): Kind => {
  const codec: t.Mixed = t.recursion('Recursive', (self: t.Mixed) =>
    t.type({ own: kind.codec, more: t.array(self) }),
  );
  const levels = (left: number): fc.Arbitrary<Omit<Case, 'codec'>> =>
    fc
      .tuple(
        kind.values,
        left === 0 ? fc.constant([]) : fc.array(levels(left - 1), { maxLength: 2 }),
      )
      .map(([own, more]) => ({
        value: { own: own.value, more: more.map(({ value }) => value) },
        written: {
          own: own.written,
          more: more.map(({ written }) => written),
        } satisfies JsonObject,
      }));
  return { codec, values: levels(2), takesNull: false, shape: 'object more,own' };
};

const { root } = fc.letrec<{ kind: Kind; root: Kind }>((tie) => ({
  root: fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(members(tie('kind')), fc.nat(2))
        .map(([all, style]) => objectOfMembers(all, style)),
    },
    { weight: 1, arbitrary: tie('kind').map(recursive) },
  ),
  kind: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, maxDepth: 4 },
    leaf,
    tie('root'),
    fc.tuple(tie('kind'), fc.boolean()).map(([of, isReadonly]) => listOf(of, isReadonly)),
    fc.array(tie('kind'), { minLength: 2, maxLength: 3 }).map(unionOf),
  ),
}));
/** Any codec that has a strict schema, and a value of it. */
export const caseOf: fc.Arbitrary<Case> = root.chain(({ codec, values }) =>
  values.map((one) => ({
    codec,
    ...one,
    [fc.toStringMethod]: () => `${codec.name} of ${JSON.stringify(one.written)}`,
  })),
);
