/** What to write instead of a keyword that no strict subset has, by keyword. */
const fixes: Readonly<Record<string, string>> = {
  oneOf: 'write "anyOf"',
  allOf: 'write one object with the properties of all',
  not: 'say what it may be: "enum", "anyOf"',
  if: 'write the cases as "anyOf"',
  then: 'write the cases as "anyOf"',
  else: 'write the cases as "anyOf"',
  dependentRequired: 'write the cases as "anyOf"',
  dependentSchemas: 'write the cases as "anyOf"',
  dependencies: 'write the cases as "anyOf"',
  patternProperties: 'name its keys, or make it an array of { key, value } objects',
  propertyNames: 'name its keys, or make it an array of { key, value } objects',
  prefixItems: 'make it an object with one property for each place',
  additionalItems: 'make it an object with one property for each place',
  contains: 'say what each item is: "items"',
  uniqueItems: 'leave it out, and remove doubles from the answer yourself',
  default: 'leave it out: the model always answers; let it be null where it may be absent',
  nullable: 'write "type": ["…", "null"]',
  definitions: 'write "$defs"',
};

export const fixOfKeyword = (keyword: string): string =>
  (Object.hasOwn(fixes, keyword) ? fixes[keyword] : undefined) ??
  'leave it out, and check the answer yourself';
