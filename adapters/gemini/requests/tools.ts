import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** A body with its tools in the API's own form, or why there is none. */
export type WithTools = { readonly body: JsonObject } | { readonly reason: string };

/**
 * Functions as chat completions and responses declare them become `functionDeclarations`, and
 * `tool_choice` becomes `toolConfig`; tools of the API itself stay as they are.
 */
export const withTools = (body: JsonObject): WithTools => {
  const { tools, tool_choice: choice, ...rest } = body;
  if (tools === undefined && choice === undefined) return { body };
  const read = tools === undefined ? { tools: [] } : readTools(tools);
  if ('reason' in read) return read;
  const config = choice === undefined ? null : choiceOf(choice);
  if (choice !== undefined && config === null)
    return {
      reason: `"tool_choice" is ${JSON.stringify(choice).slice(0, 60)}: auto, none, required, or a function by its name`,
    };
  if (config !== null && rest['toolConfig'] !== undefined)
    return { reason: '"tool_choice" and "toolConfig" say the same: give one of them' };
  return {
    body: {
      ...rest,
      ...(read.tools.length === 0 ? {} : { tools: read.tools }),
      ...(config === null ? {} : { toolConfig: { functionCallingConfig: config } }),
    },
  };
};

const readTools = (
  tools: JsonValue,
): { readonly tools: readonly JsonObject[] } | { readonly reason: string } => {
  if (!Array.isArray(tools)) return { reason: '"tools" is no list' };
  const declared: JsonObject[] = [];
  const own: JsonObject[] = [];
  for (const tool of tools as readonly JsonValue[]) {
    if (!isJsonObject(tool)) return { reason: 'a tool is no object' };
    const { type } = tool;
    if (type === undefined) own.push(tool);
    else if (type === 'function') {
      const declaration = declarationOf(isJsonObject(tool['function']) ? tool['function'] : tool);
      if (declaration === null) return { reason: 'a tool of type "function" has no name' };
      declared.push(declaration);
    } else
      return {
        reason: `a tool is of type ${JSON.stringify(type).slice(0, 60)}, which Gemini does not have: give its own form, e.g. { "googleSearch": {} }`,
      };
  }
  return {
    tools: declared.length === 0 ? own : [{ functionDeclarations: declared }, ...own],
  };
};

/** `strict` has no counterpart, and is left out. */
const declarationOf = ({ name, description, parameters }: JsonObject): JsonObject | null =>
  typeof name !== 'string' || name === ''
    ? null
    : {
        name,
        ...(typeof description === 'string' ? { description } : {}),
        ...(isJsonObject(parameters) ? { parametersJsonSchema: parameters } : {}),
      };

const modes: Readonly<Record<string, string>> = { auto: 'AUTO', none: 'NONE', required: 'ANY' };

const choiceOf = (choice: JsonValue): JsonObject | null => {
  if (typeof choice === 'string')
    return Object.hasOwn(modes, choice) ? { mode: modes[choice] } : null;
  if (!isJsonObject(choice)) return null;
  const called = isJsonObject(choice['function']) ? choice['function'] : choice;
  const { name } = called;
  return typeof name === 'string' ? { mode: 'ANY', allowedFunctionNames: [name] } : null;
};
