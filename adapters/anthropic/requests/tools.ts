import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/**
 * Parameters with their tools in Anthropic's form: functions as OpenAI's two APIs spell them become
 * tools with an `input_schema`, and so does the choice among them. Anthropic's own stay as they
 * are.
 */
export const withTools = (params: JsonObject): JsonObject => {
  const { tools, tool_choice: choice } = params;
  return {
    ...params,
    ...(Array.isArray(tools) ? { tools: (tools as readonly JsonValue[]).map(toolOf) } : {}),
    ...(choice === undefined ? {} : { tool_choice: choiceOf(choice) }),
  };
};

const toolOf = (tool: JsonValue): JsonValue => {
  if (!isJsonObject(tool) || tool['type'] !== 'function') return tool;
  const described = isJsonObject(tool['function']) ? tool['function'] : tool;
  const { name, description, parameters, strict } = described;
  return {
    name,
    ...(description === undefined || description === null ? {} : { description }),
    input_schema: isJsonObject(parameters) ? parameters : { type: 'object', properties: {} },
    ...(strict === true ? { strict } : {}),
  };
};

const choices: Readonly<Record<string, JsonObject>> = {
  auto: { type: 'auto' },
  none: { type: 'none' },
  required: { type: 'any' },
  any: { type: 'any' },
};

const choiceOf = (choice: JsonValue): JsonValue => {
  if (typeof choice === 'string')
    return Object.hasOwn(choices, choice) ? (choices[choice] ?? choice) : choice;
  if (!isJsonObject(choice) || choice['type'] !== 'function') return choice;
  const named = isJsonObject(choice['function']) ? choice['function'] : choice;
  return { type: 'tool', name: named['name'] };
};
