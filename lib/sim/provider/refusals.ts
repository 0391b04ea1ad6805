import type { FaultOf } from './faults.ts';
import { refused, type Refused } from './reply.ts';
import type { ApiError } from './wire.ts';

/** The error body for a status, on a call or on a row. */
export const errorForStatus = (statusCode: number): ApiError => {
  const known = errors[statusCode];
  if (known !== undefined) return known;
  return statusCode >= 500
    ? {
        message: 'The server had an error while processing your request. Sorry about that!',
        type: 'server_error',
        param: null,
        code: null,
      }
    : {
        message: 'The request was refused.',
        type: 'invalid_request_error',
        param: null,
        code: null,
      };
};

/** A rejection with the error body for its status. */
export const refusedWith = (
  statusCode: number,
  retryAfterMs: number | null = null,
  message?: string,
): Refused => ({
  type: 'refused',
  statusCode,
  error: { ...errorForStatus(statusCode), ...(message === undefined ? {} : { message }) },
  retryAfterMs,
});

export const insufficientQuota: Refused = refused(
  429,
  'You exceeded your current quota, please check your plan and billing details.',
  {
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
);

export const invalidApiKey: Refused = refused(401, 'Incorrect API key provided.', {
  code: 'invalid_api_key',
});

export const notInPlan: Refused = refused(
  403,
  'The batch API is not available for your current plan. Please upgrade your plan.',
  {
    code: 'not_available_for_plan',
  },
);

/** The file quota is used up: Azure's wording, and OpenAI's for storage. */
export const fileQuotaExceeded: Readonly<Record<'files_quota' | 'storage_quota', Refused>> = {
  files_quota: refused(400, 'The quota for files without expiry is reached. The maximum is 500.', {
    code: 'quotaExceeded',
  }),
  storage_quota: refused(
    400,
    'You have exceeded your file storage quota. Please delete some files before uploading new ones.',
    {
      code: 'storage_quota_exceeded',
    },
  ),
};

/** The answer of a service, or of a proxy in front of it, to a file that is too large. */
export const tooLarge = ({ bytesMax, statusCode = 413 }: FaultOf<'upload_too_large'>): Refused =>
  refused(statusCode, `File is too large. The maximum file size is ${bytesMax} bytes.`, {
    param: 'file',
  });

/** The answer of a service that reads the file before it accepts it. */
export const refusedLine = (
  { line, code = 'invalid_line' }: FaultOf<'line_refused'>,
  customId: string | null,
): Refused =>
  customId === null
    ? refused(400, `Invalid request on line ${line}: the request is not valid.`, {
        param: `line ${line}`,
        code,
      })
    : refused(400, `Request '${customId}' is not valid.`, { code });

/** A rejected cancel, with a client or a server error. */
export const cancelRefused = (id: string, statusCode = 400): Refused =>
  statusCode < 500
    ? refused(statusCode, `Batch ${id} cannot be cancelled.`)
    : refusedWith(statusCode);

export const fileNotProcessed = (id: string, message?: string): Refused =>
  refused(
    400,
    message ??
      `File '${id}' is not processed yet. Please try again once its status is 'processed'.`,
    {
      param: 'input_file_id',
    },
  );

export const fileNotFound = (id: string, message?: string): Refused =>
  refused(
    400,
    message ?? `Cannot find file ${id}, or your organization does not have access to it.`,
    { param: 'input_file_id' },
  );

export const noSuchFile = (id: string): Refused =>
  refused(404, `No such File object: ${id}`, { param: 'id' });

export const noSuchBatch = (id: string): Refused => refused(404, `No batch found with id '${id}'.`);

export const invalidValue = (param: string, message: string): Refused =>
  refused(400, message, { param, code: 'invalid_value' });

export const missingParameter = (param: string): Refused =>
  refused(400, `Missing required parameter: '${param}'.`, {
    param,
    code: 'missing_required_parameter',
  });

const errors: Readonly<Record<number, ApiError>> = {
  400: {
    message: 'The request is invalid.',
    type: 'invalid_request_error',
    param: null,
    code: 'invalid_request',
  },
  401: {
    message: 'Incorrect API key provided.',
    type: 'invalid_request_error',
    param: null,
    code: 'invalid_api_key',
  },
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
  429: {
    message: 'Rate limit reached for requests.',
    type: 'requests',
    param: null,
    code: 'rate_limit_exceeded',
  },
  503: {
    message: 'The server is overloaded. Please try again later.',
    type: 'server_error',
    param: null,
    code: 'server_is_overloaded',
  },
};
