import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { atProperty, type SchemaProblem } from './problem.ts';
import { objectOf, propertiesOf, requiredOf, resolveRef } from './refs.ts';

interface Task {
  readonly root: JsonObject;
  readonly add: (problem: SchemaProblem) => void;
}

/**
 * What one object that is all of these looks like. Parts that are no objects, or speak of one
 * property in two ways, are problems.
 */
export const mergeAll = (task: Task, parts: readonly JsonValue[], path: string): JsonObject => {
  const objects = parts.flatMap((part) => objectsIn(task, part, path, 0));
  const properties = new Map<string, JsonValue>();
  const required = new Set<string>();
  const annotations: Record<string, JsonValue> = {};
  let isOpen: JsonValue | undefined;
  for (const part of objects) {
    for (const [name, property] of propertiesOf(part)) {
      const known = properties.get(name);
      if (known === undefined) properties.set(name, property ?? {});
      else if (JSON.stringify(known) !== JSON.stringify(property)) {
        if (isJsonObject(known) && isJsonObject(property) && isObject(known) && isObject(property))
          properties.set(name, { allOf: [known, property] });
        else
          task.add({
            path: atProperty(path, name),
            rule: 'no_conflict',
            message: 'two parts of the intersection say different things of it',
            fix: 'say it in one place',
          });
      }
    }
    for (const name of requiredOf(part)) required.add(name);
    if (part['additionalProperties'] !== undefined && part['additionalProperties'] !== false)
      isOpen = part['additionalProperties'];
    for (const key of ['title', 'description'])
      if (part[key] !== undefined) annotations[key] ??= part[key];
  }
  return {
    ...annotations,
    type: 'object',
    properties: objectOf(properties),
    required: [...required],
    ...(isOpen === undefined ? {} : { additionalProperties: isOpen }),
  };
};

const isObject = ({ type, properties }: JsonObject): boolean =>
  type === 'object' || properties !== undefined;
const annotations: readonly string[] = [
  'title',
  'description',
  '$schema',
  '$id',
  '$defs',
  'id',
  'default',
  'examples',
  '$comment',
];

const objectsIn = (
  task: Task,
  part: JsonValue | undefined,
  path: string,
  depth: number,
): readonly JsonObject[] => {
  if (!isJsonObject(part)) return [];
  if (Object.keys(part).every((key) => annotations.includes(key))) return [part];
  const { $ref, allOf } = part;
  const target = typeof $ref === 'string' && depth < 16 ? resolveRef(task.root, $ref) : null;
  if (target !== null && target !== task.root) return objectsIn(task, target, path, depth + 1);
  if (Array.isArray(allOf)) {
    const { allOf: _all, ...rest } = part;
    return [rest, ...(allOf as readonly JsonValue[])].flatMap((each) =>
      objectsIn(task, each, path, depth + 1),
    );
  }
  if (isObject(part)) return [part];
  task.add({
    path,
    rule: 'no_meaning',
    message: 'an intersection of something that is no object',
    fix: 'make it one object with the properties of all',
  });
  return [];
};
