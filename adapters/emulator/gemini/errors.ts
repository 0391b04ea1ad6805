import type { ServerResponse } from 'node:http';
import type { JsonObject, JsonValue } from '../../../lib/core/json/json.ts';
import type { Refused } from '../../../lib/sim/provider/index.ts';

/** A code of gRPC, by its number and name. */
export interface RpcCode {
  readonly number: number;
  readonly name: string;
}

const codes: Readonly<Record<number, RpcCode>> = {
  400: { number: 3, name: 'INVALID_ARGUMENT' },
  401: { number: 16, name: 'UNAUTHENTICATED' },
  403: { number: 7, name: 'PERMISSION_DENIED' },
  404: { number: 5, name: 'NOT_FOUND' },
  408: { number: 4, name: 'DEADLINE_EXCEEDED' },
  409: { number: 10, name: 'ABORTED' },
  413: { number: 3, name: 'INVALID_ARGUMENT' },
  429: { number: 8, name: 'RESOURCE_EXHAUSTED' },
  499: { number: 1, name: 'CANCELLED' },
  500: { number: 13, name: 'INTERNAL' },
  503: { number: 14, name: 'UNAVAILABLE' },
  504: { number: 4, name: 'DEADLINE_EXCEEDED' },
};

/** The code that stands for a status of HTTP. */
export const codeOf = (statusCode: number): RpcCode =>
  codes[statusCode] ??
  (statusCode >= 500 ? { number: 13, name: 'INTERNAL' } : { number: 3, name: 'INVALID_ARGUMENT' });

/** What the service says where the fake speaks of OpenAI's account. Wording of reports of 2026. */
const byCode: Readonly<Record<string, { readonly statusCode: number; readonly message: string }>> =
  {
    insufficient_quota: {
      statusCode: 429,
      message: 'Your prepayment credits are depleted. Please add credits to your project.',
    },
    token_limit_exceeded: {
      statusCode: 429,
      message: 'You exceeded your current quota, please check your plan and billing details.',
    },
    unsupported_country_region_territory: {
      statusCode: 400,
      message: 'User location is not supported for the API use.',
    },
    not_available_for_plan: {
      statusCode: 400,
      message: 'Batch mode is not available in your plan or location.',
    },
    rate_limit_exceeded: {
      statusCode: 429,
      message: 'Resource has been exhausted (e.g. check quota).',
    },
  };

const failedPrecondition: ReadonlySet<string> = new Set([
  'unsupported_country_region_territory',
  'not_available_for_plan',
]);

/** A rejection in Google's shape: `{ error: { code, message, status, details } }`. */
export const errorOf = ({
  statusCode,
  error,
  retryAfterMs,
}: Refused): { readonly statusCode: number; readonly body: JsonObject } => {
  const { code } = error;
  const known = code === null ? undefined : byCode[code];
  const isKey = code === 'invalid_api_key';
  const status = isKey ? 400 : (known?.statusCode ?? statusCode);
  const details: JsonValue[] = [
    ...(isKey
      ? [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'API_KEY_INVALID',
            domain: 'googleapis.com',
          },
        ]
      : []),
    ...(retryAfterMs !== null || code === 'rate_limit_exceeded'
      ? [
          {
            '@type': 'type.googleapis.com/google.rpc.RetryInfo',
            retryDelay: `${(retryAfterMs ?? 1_000) / 1000}s`,
          },
        ]
      : []),
  ];
  return {
    statusCode: status,
    body: {
      error: {
        code: status,
        message: isKey
          ? 'API key not valid. Please pass a valid API key.'
          : (known?.message ?? error.message),
        status:
          code !== null && failedPrecondition.has(code)
            ? 'FAILED_PRECONDITION'
            : codeOf(status).name,
        ...(details.length === 0 ? {} : { details }),
      },
    },
  };
};

/**
 * Sends a JSON body as the service does: indented by two, with a line break at its end, chunked.
 */
export const sendBody = (response: ServerResponse, statusCode: number, body: unknown): void => {
  response.writeHead(statusCode, { 'content-type': 'application/json; charset=UTF-8' });
  // Two writes, since a single one would set content-length.
  response.write(JSON.stringify(body, null, 2));
  response.end('\n');
};

export const sendError = (response: ServerResponse, refusal: Refused): void => {
  const { statusCode, body } = errorOf(refusal);
  sendBody(response, statusCode, body);
};
