/** What is wrong with a schema: one place, the rule that it breaks, and what to write instead. */
export interface SchemaProblem {
  /** Where, as in `$.items[].price` or `$defs.node.children`; `$` is the root. */
  readonly path: string;
  readonly rule: SchemaRule;
  readonly message: string;
  readonly fix: string;
}

/**
 * The rules of strict structured output, by name. A schema that breaks one is refused before
 * anything is sent.
 */
export type SchemaRule =
  | 'no_meaning'
  | 'root_is_object'
  | 'closed_objects'
  | 'all_required'
  | 'typed'
  | 'known_keywords'
  | 'known_formats'
  | 'usable_values'
  | 'local_refs'
  | 'no_conflict'
  | 'no_recursion'
  | 'name'
  | 'depth_max'
  | 'properties_max'
  | 'name_chars_max'
  | 'enum_values_max'
  | 'enum_chars_max'
  | 'optional_max'
  | 'unions_max';

/** `$.a.b`, and with quotes where the name is no word. */
export const atProperty = (path: string, name: string): string =>
  /^[A-Za-z_$][\w$-]*$/u.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
export const atItems = (path: string): string => `${path}[]`;

/** One line for people. */
export const problemText = ({ path, message, fix }: SchemaProblem): string =>
  `${path}: ${message}; ${fix}`;
