import * as t from 'io-ts';

/** What a fresh process imports. */
export const Label = t.strict({ label: t.string, note: t.union([t.string, t.undefined]) }, 'Label');
export const Changed = t.strict(
  { label: t.string, note: t.union([t.number, t.undefined]) },
  'Label',
);
