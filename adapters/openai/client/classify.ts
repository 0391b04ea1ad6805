import type { PortError } from '../../../lib/ports/port-error.ts';
import { apiErrorIn, requestIdIn, retryAfterMsIn, statusIn, type ApiError } from './api-error.ts';
import {
  isNotOffered,
  isOutOfCapacity,
  isOutOfMoney,
  saysOutOfMoney,
  statedLimits,
} from './error-codes.ts';
import { inputRefusalOf } from '../batches/input-refusal.ts';
import { systemCodeIn, transportFailureIn } from '../../http/transport-failure.ts';

/** What was asked, for the message and for what a missing answer means. */
export interface Call {
  /** As in "could not … ": `create the batch`. */
  readonly what: string;
  /** Without a definite refusal it may have happened, and may not be asked twice. */
  readonly isPaid: boolean;
  /** 404 means that the thing is unknown, rather than that the address is wrong. */
  readonly isAboutOne: boolean;
  /** Services exist that do not offer it: their 501 is a definite refusal, and none that passes. */
  readonly isOptional?: true;
  /** It is about an input file: its size, or its lines, may be what is refused. */
  readonly isAboutInput?: true;
}

interface Context extends Call {
  readonly where: string;
}

/** A PortError on its way out of a call. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly error: PortError;
  constructor(error: PortError) {
    super(error.type);
    this.error = error;
  }
}

/** The one place that says what a failed call means. */
export const classify = (thrown: unknown, context: Context): PortError => {
  if (thrown instanceof CallFailure) return thrown.error;
  const status = statusIn(thrown);
  return status === null ? withoutAnswer(thrown, context) : withAnswer(thrown, status, context);
};

const withAnswer = (thrown: unknown, status: number, context: Context): PortError => {
  const api = apiErrorIn(thrown);
  const requestId = requestIdIn(thrown);
  const message = describe(api, status, requestId, context);
  if (status >= 400 && status < 500) {
    const isMoney =
      isOutOfMoney(api.code, api.type) ||
      (saysOutOfMoney(api.message) && retryAfterMsIn(thrown) === null);
    if (isMoney || status === 402) return { type: 'insufficient_quota', message };
    if (isOutOfCapacity(api.code))
      return { type: 'over_capacity', message, ...statedLimits(api.message) };
  }
  if (status === 403 && isNotOffered(api.code, api.message))
    return {
      type: 'refused',
      message: `${message.endsWith('.') ? message.slice(0, -1) : message}${notOffered}`,
      statusCode: status,
      requestId,
    };
  if (status === 401 || status === 403) return { type: 'authentication_failed', message };
  const retryAfterMs = retryAfterMsIn(thrown);
  if (status === 429) return { type: 'transient', message, retryAfterMs, cause: causeOf(thrown) };
  const isClearNo =
    (status >= 400 && status < 500 && status !== 408 && status !== 409) ||
    (status === 501 && context.isOptional === true && !context.isPaid);
  if (context.isPaid && !isClearNo) return { type: 'unclear', message, cause: causeOf(thrown) };
  if (status === 404 && context.isAboutOne) return { type: 'not_found', message };
  if (!isClearNo && (status >= 500 || status === 408 || status === 409))
    return { type: 'transient', message, retryAfterMs, cause: causeOf(thrown) };
  const input = context.isAboutInput === true ? inputRefusalOf(status, api.message, thrown) : null;
  return {
    type: 'refused',
    message,
    statusCode: status,
    requestId,
    ...(input === null ? {} : { input }),
  };
};

const notOffered = '. The key is not at fault: this plan, account or region does not have it';

const withoutAnswer = (thrown: unknown, context: Context): PortError => {
  const { where, what, isPaid } = context;
  const failure = transportFailureIn(thrown);
  const code = failure?.code ?? systemCodeIn(thrown);
  const name = thrown instanceof Error ? thrown.constructor.name : typeof thrown;
  const cause = causeOf(thrown);
  if (isTokenProblem(thrown, name)) {
    const message = `no token to ask ${where} with: ${textOf(thrown)}`;
    return code === null
      ? { type: 'authentication_failed', message }
      : { type: 'transient', message, retryAfterMs: null, cause };
  }
  if (failure?.neverSent ?? (code !== null && isNeverMade(code))) {
    return {
      type: 'transient',
      message: `cannot reach ${where} (${failure?.reason ?? code ?? name})${hintFor(code ?? '')}`,
      retryAfterMs: null,
      cause,
    };
  }
  const reason =
    failure?.reason ?? code ?? (/timeout/iu.test(name) ? 'no answer in time' : textOf(thrown));
  if (isPaid)
    return {
      type: 'unclear',
      message: `no clear answer from ${where} to "${what}" (${reason}): it may or may not have happened`,
      cause,
    };
  return {
    type: 'transient',
    message: `could not ${what} at ${where} (${reason})`,
    retryAfterMs: null,
    cause,
  };
};

/**
 * A client of the user's own fetches tokens before it sends anything; the SDK wraps what goes wrong
 * there.
 */
const isTokenProblem = (thrown: unknown, name: string): boolean =>
  /credential|oauth|subjecttoken/iu.test(name) ||
  (name === 'OpenAIError' && /token|apiKey/u.test(textOf(thrown)));

/** Codes of connections that were never made, for transports that do not say. */
const isNeverMade = (code: string): boolean =>
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_ALTNAME_INVALID)$/u.test(
    code,
  ) || isCertificateProblem(code);
const isCertificateProblem = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/u.test(code);

const hintFor = (code: string): string => {
  if (code === 'ECONNREFUSED')
    return ': check that the server is running and the base URL is correct';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ': check the network and the host name';
  if (isCertificateProblem(code))
    return ': its certificate is not trusted; NODE_EXTRA_CA_CERTS names an authority of your own';
  return '';
};

const describe = (
  api: ApiError,
  status: number,
  requestId: string | null,
  { where, what, isAboutOne }: Context,
): string => {
  const label = [status, api.code ?? api.type].filter((part) => part !== null).join(' ');
  const request = requestId === null ? '' : ` (request ${requestId})`;
  const hint =
    status === 404 && !isAboutOne
      ? '; check the base URL'
      : status === 401
        ? '; check that the key belongs to this base URL'
        : '';
  return `${where} did not ${what}: ${label}: ${api.message}${request}${hint}`;
};

/** The error as plain data for debugging, since SDK errors contain headers and clients. */
const causeOf = (thrown: unknown): unknown => ({
  name: thrown instanceof Error ? thrown.constructor.name : typeof thrown,
  message: textOf(thrown),
  code: transportFailureIn(thrown)?.code ?? systemCodeIn(thrown),
  statusCode: statusIn(thrown),
});

const textOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
