import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { createPrng, hashText, type Prng } from '../prng.ts';
import { textMatching } from './pattern.ts';

/** Below this depth the generator takes the shortest way out of a recursive schema. */
const depthSoftMax = 5;
/** A schema that recurses to this depth has no finite value. */
const depthHardMax = 40;

interface Task {
  readonly root: JsonObject;
  readonly words: readonly string[];
  readonly prng: Prng;
}

/**
 * A value that satisfies a JSON Schema of the strict subset: objects, arrays, strings with format
 * or pattern, bounded numbers, enum, const, anyOf, local `$ref`s. Its strings are words of the
 * prompt. Depends on prompt, schema and seed only.
 */
export const answerForSchema = (schema: JsonObject, prompt: string, seed: number): JsonValue => {
  const words = prompt
    .slice(0, 160)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  const prng = createPrng(hashText(prompt, seed));
  return valueFor(
    schema,
    { root: schema, words: words.length === 0 ? ['nothing'] : words, prng },
    0,
  );
};

const valueFor = (schema: JsonValue | undefined, task: Task, depth: number): JsonValue => {
  if (!isJsonObject(schema) || depth > depthHardMax) return wordsOf(task, 1);
  if (typeof schema['$ref'] === 'string')
    return valueFor(resolveRef(task.root, schema['$ref']), task, depth + 1);
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum']))
    return pickOf(schema['enum'] as readonly JsonValue[], task.prng) ?? null;
  const branches = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(branches))
    return valueFor(pickBranch(branches as readonly JsonValue[], task, depth), task, depth + 1);
  switch (typeNameOf(schema, task, depth)) {
    case 'object':
      return objectFor(schema, task, depth);
    case 'array':
      return arrayFor(schema, task, depth);
    case 'integer':
      return numberFor(schema, task.prng, true);
    case 'number':
      return numberFor(schema, task.prng, false);
    case 'boolean':
      return task.prng.below(2) === 1;
    case 'null':
      return null;
    default:
      return stringFor(schema, task);
  }
};

const typeNameOf = (schema: JsonObject, task: Task, depth: number): JsonValue | undefined => {
  const type = schema['type'];
  if (Array.isArray(type)) {
    const names = type as readonly JsonValue[];
    return depth > depthSoftMax && names.includes('null') ? 'null' : pickOf(names, task.prng);
  }
  if (type !== undefined) return type;
  if (schema['properties'] !== undefined) return 'object';
  return schema['items'] === undefined ? 'string' : 'array';
};

const objectFor = (schema: JsonObject, task: Task, depth: number): JsonValue => {
  const value: Record<string, JsonValue> = {};
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required'])
    ? (schema['required'] as readonly JsonValue[])
    : [];
  for (const [name, property] of Object.entries(properties)) {
    if (depth > depthSoftMax && !required.includes(name)) continue;
    const made = valueFor(property, task, depth + 1);
    // Assigning to this name would set the prototype instead.
    if (name === '__proto__')
      Object.defineProperty(value, name, {
        value: made,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else value[name] = made;
  }
  return value;
};

const arrayFor = (schema: JsonObject, task: Task, depth: number): JsonValue => {
  const min = numberAt(schema, 'minItems') ?? 0;
  const max = numberAt(schema, 'maxItems') ?? Math.max(min, 3);
  const wanted = depth > depthSoftMax ? min : Math.max(min, 1 + task.prng.below(3));
  return Array.from({ length: Math.min(max, wanted) }, () =>
    valueFor(schema['items'], task, depth + 1),
  );
};

const numberFor = (schema: JsonObject, prng: Prng, isWhole: boolean): number => {
  const step = numberAt(schema, 'multipleOf') ?? (isWhole ? 1 : null);
  const exclusiveMin = numberAt(schema, 'exclusiveMinimum');
  const exclusiveMax = numberAt(schema, 'exclusiveMaximum');
  const low = Math.max(numberAt(schema, 'minimum') ?? -Infinity, exclusiveMin ?? -Infinity);
  const high = Math.min(numberAt(schema, 'maximum') ?? Infinity, exclusiveMax ?? Infinity);
  const from = low === -Infinity ? Math.min(0, high - 100) : low;
  const to = high === Infinity ? from + 100 : high;
  const fits = (value: number): boolean =>
    value >= low &&
    value <= high &&
    value !== exclusiveMin &&
    value !== exclusiveMax &&
    (step === null || Number.isInteger(value / step));
  for (let round = 0; round < 64; round += 1) {
    const drawn = from + prng.next() * (to - from);
    // Two decimals if the bounds allow them.
    const candidates =
      step === null
        ? [Math.round(drawn * 100) / 100, drawn]
        : [Math.round(drawn / step) * step, Math.ceil(from / step) * step];
    for (const value of candidates)
      if (fits(value) && (!isWhole || Number.isInteger(value))) return value === 0 ? 0 : value;
  }
  return from;
};

const stringFor = (schema: JsonObject, task: Task): string => {
  const format = schema['format'];
  if (typeof format === 'string' && formats[format] !== undefined)
    return formats[format](task.prng);
  const min = numberAt(schema, 'minLength') ?? 0;
  const max = numberAt(schema, 'maxLength') ?? Infinity;
  const pattern = schema['pattern'];
  if (typeof pattern !== 'string')
    return stretched(wordsOf(task, 1 + task.prng.below(4)), min, max);
  let text = '';
  for (let round = 0; round < 32; round += 1) {
    text = textMatching(pattern, task.prng);
    if (text.length >= min && text.length <= max && new RegExp(pattern, 'u').test(text)) break;
  }
  return text;
};

const stretched = (text: string, min: number, max: number): string =>
  text.padEnd(min, ' and so on').slice(0, max);

const wordsOf = ({ words, prng }: Task, count: number): string => {
  const start = prng.below(words.length);
  return words.slice(start, start + count).join(' ');
};

/** At depth the branch that ends soonest, else any. */
const pickBranch = (
  branches: readonly JsonValue[],
  task: Task,
  depth: number,
): JsonValue | undefined => {
  if (depth <= depthSoftMax) return pickOf(branches, task.prng);
  const ranked = branches.map((branch) => ({ branch, size: heightOf(branch, task.root, 6) }));
  return ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, next) => (best === undefined || next.size < best.size ? next : best),
    undefined,
  )?.branch;
};

/** The depth of the smallest value of a schema, searching at most `fuel` levels. */
const heightOf = (schema: JsonValue | undefined, root: JsonObject, fuel: number): number => {
  if (!isJsonObject(schema) || fuel === 0) return 1;
  if (typeof schema['$ref'] === 'string')
    return 1 + heightOf(resolveRef(root, schema['$ref']), root, fuel - 1);
  const branches = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(branches))
    return Math.min(
      ...(branches as readonly JsonValue[]).map((branch) => heightOf(branch, root, fuel - 1)),
    );
  if (!isJsonObject(schema['properties'])) return 1;
  return (
    1 +
    Math.max(
      0,
      ...Object.values(schema['properties']).map((property) => heightOf(property, root, fuel - 1)),
    )
  );
};

const resolveRef = (root: JsonObject, ref: string): JsonValue | undefined => {
  let found: JsonValue | undefined = root;
  for (const part of ref.replace(/^#\/?/, '').split('/')) {
    if (part === '') continue;
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isJsonObject(found) ? found[key] : undefined;
  }
  return found;
};

const numberAt = (schema: JsonObject, key: string): number | null => {
  const value = schema[key];
  return typeof value === 'number' ? value : null;
};

const pickOf = <A>(values: readonly A[], prng: Prng): A | undefined =>
  values[prng.below(Math.max(1, values.length))];

const two = (value: number): string => String(value).padStart(2, '0');
const date = (prng: Prng): string =>
  `20${two(10 + prng.below(20))}-${two(1 + prng.below(12))}-${two(1 + prng.below(28))}`;
const time = (prng: Prng): string =>
  `${two(prng.below(24))}:${two(prng.below(60))}:${two(prng.below(60))}Z`;
const hex = (prng: Prng, length: number): string =>
  Array.from({ length }, () => prng.below(16).toString(16)).join('');

const formats: Readonly<Record<string, (prng: Prng) => string>> = {
  'date-time': (prng) => `${date(prng)}T${time(prng)}`,
  date,
  time,
  duration: (prng) => `P${1 + prng.below(30)}DT${prng.below(24)}H`,
  email: (prng) => `user${prng.below(10_000)}@example.com`,
  hostname: (prng) => `host${prng.below(10_000)}.example.com`,
  ipv4: (prng) => [10, prng.below(256), prng.below(256), prng.below(256)].join('.'),
  ipv6: (prng) => `2001:db8::${hex(prng, 4)}`,
  uuid: (prng) =>
    `${hex(prng, 8)}-${hex(prng, 4)}-4${hex(prng, 3)}-8${hex(prng, 3)}-${hex(prng, 12)}`,
  uri: (prng) => `https://example.com/${prng.below(10_000)}`,
};
