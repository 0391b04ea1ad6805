import { refused, type Refused } from './reply.ts';
import type { ApiError } from './wire.ts';

/** The error body that goes with a status, on a call or on a row. */
export const errorForStatus = (statusCode: number): ApiError => {
  const known = errors[statusCode];
  if (known !== undefined) return known;
  return statusCode >= 500
    ? { message: 'The server had an error while processing your request. Sorry about that!', type: 'server_error', param: null, code: null }
    : { message: 'The request was refused.', type: 'invalid_request_error', param: null, code: null };
};

/** A refusal with the body that goes with its status. */
export const refusedWith = (statusCode: number, retryAfterMs: number | null = null): Refused => ({
  type: 'refused',
  statusCode,
  error: errorForStatus(statusCode),
  retryAfterMs,
});

export const insufficientQuota: Refused = refused(429, 'You exceeded your current quota, please check your plan and billing details.', {
  type: 'insufficient_quota',
  code: 'insufficient_quota',
});

export const invalidApiKey: Refused = refused(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });

export const noSuchFile = (id: string): Refused => refused(404, `No such File object: ${id}`, { param: 'id' });

export const noSuchBatch = (id: string): Refused => refused(404, `No batch found with id '${id}'.`);

export const invalidValue = (param: string, message: string): Refused => refused(400, message, { param, code: 'invalid_value' });

export const missingParameter = (param: string): Refused =>
  refused(400, `Missing required parameter: '${param}'.`, { param, code: 'missing_required_parameter' });

const errors: Readonly<Record<number, ApiError>> = {
  400: { message: 'The request is invalid.', type: 'invalid_request_error', param: null, code: 'invalid_request' },
  401: { message: 'Incorrect API key provided.', type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
  403: {
    message: 'Country, region, or territory not supported.',
    type: 'request_forbidden',
    param: null,
    code: 'unsupported_country_region_territory',
  },
  404: {
    message: 'The model does not exist or you do not have access to it.',
    type: 'invalid_request_error',
    param: null,
    code: 'model_not_found',
  },
  408: { message: 'The request timed out.', type: 'timeout', param: null, code: 'request_timeout' },
  429: { message: 'Rate limit reached for requests.', type: 'requests', param: null, code: 'rate_limit_exceeded' },
  503: { message: 'The server is overloaded. Please try again later.', type: 'server_error', param: null, code: 'server_is_overloaded' },
};
