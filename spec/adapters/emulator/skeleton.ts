/** Keys whose values belong to the protocol and stay unchanged. */
const protocolKeys: ReadonlySet<string> = new Set([
  'object',
  'type',
  'role',
  'status',
  'purpose',
  'endpoint',
  'completion_window',
  'finish_reason',
  'service_tier',
  'tool_choice',
  'truncation',
  'effort',
  'context',
  'mode',
  'verbosity',
  'payer',
  'prompt_cache_retention',
  'code',
  'param',
]);

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(\.\d+)?(?:[eE][+-]?\d+)?/gu;

/**
 * A JSON text without its values. Keys, their order, blanks and line breaks stay, with the type of
 * each value. Ids keep their prefix and digit count, numbers whether they are whole, and protocol
 * values stay. Two texts of one shape have the same skeleton.
 */
export const skeletonOf = (json: string): string => {
  let key = '';
  return json.replaceAll(
    token,
    (
      whole: string,
      quoted: string | undefined,
      colon: string | undefined,
      fraction: string | undefined,
    ) => {
      if (quoted === undefined) return fraction === undefined ? '<whole>' : '<float>';
      if (colon === undefined)
        return protocolKeys.has(key) ? whole : `"${kindOf(quoted.slice(1, -1))}"`;
      key = quoted.slice(1, -1);
      return whole;
    },
  );
};

const kindOf = (text: string): string => {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text)) return '<uuid>';
  const hex = /^([a-z_]+_)([0-9a-f]{20,})$/u.exec(text);
  if (hex !== null) return `${hex[1] ?? ''}<${hex[2]?.length ?? 0} hex digits>`;
  const letters = /^(file-)([0-9A-Za-z]{20,})$/u.exec(text);
  if (letters !== null) return `file-<${letters[2]?.length ?? 0} letters>`;
  return '<text>';
};
