import { CliFailure } from '../shell/failure.ts';
import { required } from '../shell/flags.ts';
import type { JobDescription } from './job-description.ts';
import { takesMessages } from './row-value.ts';
import { parseTemplate } from './template.ts';

interface PromptFlags {
  readonly promptField: string | undefined;
  readonly messagesField: string | undefined;
  readonly promptTemplate: string | undefined;
}

const hint =
  'Give the prompt: --prompt-field text, or --prompt-template "Summarise: {{text}}", or --messages-field messages for chat messages';

/** Where the prompt of a row comes from: one of three flags. */
export const promptOf = (
  { promptField, messagesField, promptTemplate }: PromptFlags,
  endpoint: string,
): JobDescription['prompt'] => {
  const [first, second] = [
    ...(promptField === undefined ? [] : ['--prompt-field']),
    ...(messagesField === undefined ? [] : ['--messages-field']),
    ...(promptTemplate === undefined ? [] : ['--prompt-template']),
  ];
  if (second !== undefined)
    throw new CliFailure(`${first ?? ''} and ${second} exclude each other`, {
      hint: 'Give one of them.',
    });
  if (promptTemplate !== undefined) return templateOf(promptTemplate);
  if (messagesField !== undefined) {
    const field = required('--messages-field', messagesField, hint);
    if (takesMessages(endpoint)) return { type: 'messages', field };
    throw new CliFailure(`--messages-field: the endpoint ${endpoint} takes no chat messages`, {
      hint: 'Use it with an endpoint of chat, or build the prompt in a job module (--job).',
    });
  }
  if (promptField === undefined)
    throw new CliFailure('--prompt-field or --prompt-template is missing', { hint });
  return { type: 'field', field: required('--prompt-field', promptField, hint) };
};

const templateOf = (text: string): JobDescription['prompt'] => {
  const template = required('--prompt-template', text, 'Write a prompt with {{fields}}.');
  if (parseTemplate(template).fields.length === 0)
    throw new CliFailure('--prompt-template names no field', {
      hint: 'Every row would get the same prompt. Write {{field}} for a field of the row.',
    });
  return { type: 'template', template };
};

const withSystemPrompt: readonly string[] = [
  'responses',
  'chat.completions',
  'messages',
  'generateContent',
];

/** Endpoints of chat: they take instructions beside the prompt. */
export const takesSystemPrompt = (endpoint: string): boolean => withSystemPrompt.includes(endpoint);

export const systemPromptOf = (
  systemPrompt: string | undefined,
  endpoint: string,
): string | null => {
  if (systemPrompt === undefined) return null;
  if (systemPrompt.trim() === '')
    throw new CliFailure('--system-prompt is empty', {
      hint: 'Omit it: every request would carry an empty instruction.',
    });
  if (takesSystemPrompt(endpoint)) return systemPrompt;
  throw new CliFailure(`--system-prompt: the endpoint ${endpoint} does not take one`, {
    hint: 'Omit it, or use responses or chat.completions.',
  });
};
