import type { Settings } from './job-description.ts';
import { cliProvider } from './providers.ts';

/** The adapter's settings from a description; null values use the adapter's defaults. */
export const providerSettings = (description: Settings) => {
  const { model, endpoint, params, completionWindow, policies, baseUrl } = description;
  const { address } = cliProvider(description.provider);
  const quotaScope = policies.quotaScope ?? scopeAt(baseUrl, model, address);
  return {
    model,
    endpoint,
    params,
    completionWindow,
    ...(policies.pollIntervalMs === null ? {} : { pollIntervalMs: policies.pollIntervalMs }),
    ...(policies.createGraceMs === null ? {} : { createGraceMs: policies.createGraceMs }),
    enqueueLimits: {
      ...(policies.enqueuedTokenLimit === null
        ? {}
        : { enqueuedTokenLimit: policies.enqueuedTokenLimit }),
      ...(policies.enqueuedRequestLimit === null
        ? {}
        : { enqueuedRequestLimit: policies.enqueuedRequestLimit }),
      ...(policies.targetRatio === null ? {} : { targetRatio: policies.targetRatio }),
      ...(policies.headroom === null ? {} : { headroom: policies.headroom }),
      ...(policies.maxBatchEnqueuedTokens === null
        ? {}
        : { maxBatchEnqueuedTokens: policies.maxBatchEnqueuedTokens }),
      ...(quotaScope === null ? {} : { quotaScope }),
    },
    ...(policies.deletesInputFiles === null
      ? {}
      : { deleteInputFiles: policies.deletesInputFiles }),
    ...(policies.filesExpireAfterMs === null
      ? {}
      : { filesExpireAfterMs: policies.filesExpireAfterMs }),
    ...(policies.outputFilesExpireAfterMs === null
      ? {}
      : { outputFilesExpireAfterMs: policies.outputFilesExpireAfterMs }),
  };
};

/**
 * The queue of the service, since two services may have models of the same name; null: the
 * provider's default queue.
 */
const scopeAt = (baseUrl: string | null, model: string, own: string | null): string | null => {
  const host = baseUrl === null ? null : new URL(baseUrl).host;
  const isOwn = own !== null && host === new URL(own).host;
  return host === null || isOwn ? null : `${host}/${model}`;
};

const flagOf: Readonly<Record<string, string>> = {
  model: '--model',
  endpoint: '--endpoint',
  params: '--param',
  pollIntervalMs: '--poll-interval',
  createGraceMs: '--create-grace',
  filesExpireAfterMs: '--files-expire-after',
  outputFilesExpireAfterMs: '--output-files-expire-after',
  deleteInputFiles: '--delete-input-files',
  completionWindow: '--completion-window',
  maxTokens: '--param max_tokens',
};

/** The adapter's error messages, with flag names for its settings. */
export const inFlags = (message: string): string =>
  message.replace(
    /^(?:openai|anthropic|gemini|mistral|xai)\(\{ (\w+) \}\)/u,
    (_, name: string) => flagOf[name] ?? name,
  );
