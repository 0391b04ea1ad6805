import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import type { ServiceLimits } from './limits.ts';
import { invalidValue, missingParameter } from './refusals.ts';
import { done, refused, type Reply } from './reply.ts';
import { batchEndpoints } from './validate.ts';

/** A well-formed create request. */
export interface CreateBatchRequest {
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputExpiresAfterSeconds: number | null;
  readonly completionWindow: string;
  /** From creation to expiry. */
  readonly windowMs: number;
}

/** Parses the body of a create, or rejects it as the service does, before any file is read. */
export const readCreateRequest = (
  body: unknown,
  limits: ServiceLimits,
): Reply<CreateBatchRequest> => {
  if (!isJsonObject(body))
    return refused(400, 'We could not parse the JSON body of your request: expected an object.');
  for (const field of ['input_file_id', 'endpoint', 'completion_window']) {
    if (body[field] === undefined || body[field] === null) return missingParameter(field);
  }
  const { input_file_id: inputFileId, endpoint } = body;
  if (typeof inputFileId !== 'string')
    return invalidValue('input_file_id', "Invalid type for 'input_file_id': expected a string.");
  if (typeof endpoint !== 'string' || !batchEndpoints.includes(endpoint)) {
    return invalidValue(
      'endpoint',
      `Invalid value: '${String(endpoint)}'. Supported values are: ${batchEndpoints.map((name) => `'${name}'`).join(', ')}.`,
    );
  }
  const completionWindow = String(body['completion_window']);
  const windowMs = windowMsOf(completionWindow, limits);
  if (windowMs === null)
    return invalidValue(
      'completion_window',
      `Invalid value for 'completion_window': only ${windowsIn(limits)} is supported.`,
    );
  const fault =
    metadataFault(body, limits) ??
    expiryFault(body['output_expires_after'], 'output_expires_after', limits);
  if (fault !== null) return fault;
  const expiry = body['output_expires_after'];
  return done({
    inputFileId,
    endpoint,
    metadata: isJsonObject(body['metadata'])
      ? (body['metadata'] as Readonly<Record<string, string>>)
      : null,
    outputExpiresAfterSeconds: isJsonObject(expiry) ? Number(expiry['seconds']) : null,
    completionWindow,
    windowMs,
  });
};

const hourMs = 3_600_000;

/** How long a batch with this completion window has; null: the service has no such window. */
const windowMsOf = (window: string, { windowMs, windowHours }: ServiceLimits): number | null => {
  if (window === '24h') return windowMs;
  const [, count, unit] = /^([1-9]\d{0,3})([hd])$/u.exec(window) ?? [];
  if (count === undefined || windowHours === undefined) return null;
  const hours = Number(count) * (unit === 'd' ? 24 : 1);
  return hours >= windowHours.min && hours <= windowHours.max ? hours * hourMs : null;
};

const windowsIn = ({ windowHours }: ServiceLimits): string =>
  windowHours === undefined ? "'24h'" : `'${windowHours.min}h' to '${windowHours.max}h'`;

const metadataFault = (body: JsonObject, limits: ServiceLimits): Reply<never> | null => {
  const metadata = body['metadata'];
  if (metadata === undefined || metadata === null) return null;
  if (!isJsonObject(metadata))
    return refused(400, "Invalid type for 'metadata': expected an object.", {
      param: 'metadata',
      code: 'invalid_type',
    });
  const pairs = Object.entries(metadata);
  if (pairs.length > limits.metadataPairsMax) {
    const message = `Invalid 'metadata': too many properties. Expected at most ${limits.metadataPairsMax}, got ${pairs.length}.`;
    return refused(400, message, { param: 'metadata', code: 'object_above_max_properties' });
  }
  for (const [key, value] of pairs) {
    const param = `metadata.${key}`;
    if (key.length > limits.metadataKeyCharsMax)
      return refused(400, 'Invalid metadata key: too long.', {
        param,
        code: 'string_above_max_length',
      });
    if (typeof value !== 'string')
      return refused(400, `Invalid type for '${param}': expected a string.`, {
        param,
        code: 'invalid_type',
      });
    if (value.length > limits.metadataValueCharsMax)
      return refused(400, `Invalid '${param}': string too long.`, {
        param,
        code: 'string_above_max_length',
      });
  }
  return null;
};

/** What is wrong with an `expires_after` value; null for a valid or absent one. */
export const expiryFault = (
  expiry: unknown,
  param: string,
  limits: ServiceLimits,
): Reply<never> | null => {
  if (expiry === undefined || expiry === null) return null;
  if (!isJsonObject(expiry))
    return invalidValue(param, `Invalid type for '${param}': expected an object.`);
  if (expiry['anchor'] !== 'created_at')
    return invalidValue(`${param}[anchor]`, "Invalid anchor: only 'created_at' is supported.");
  const seconds = expiry['seconds'];
  const isGood =
    typeof seconds === 'number' &&
    Number.isInteger(seconds) &&
    seconds >= limits.expirySecondsMin &&
    seconds <= limits.expirySecondsMax;
  if (isGood) return null;
  return invalidValue(
    `${param}[seconds]`,
    `Invalid seconds: expected an integer from ${limits.expirySecondsMin} to ${limits.expirySecondsMax}.`,
  );
};
