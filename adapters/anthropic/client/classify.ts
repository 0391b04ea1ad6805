import type { RefusedLine } from '../../../lib/core/model/batch.ts';
import { refusedLineClasses } from '../../../lib/core/model/batch.ts';
import type { InputRefusal, PortError } from '../../../lib/ports/port-error.ts';
import { systemCodeIn, transportFailureIn } from '../../http/transport-failure.ts';
import { type ApiError, failureClassOf, isAboutMoney } from '../answers/api-error.ts';
import { CallFailure, HttpFailure } from './failures.ts';

/** What was asked, for the message and for what a missing answer means. */
export interface Call {
  /** As in "could not … ": `create the batch`. */
  readonly what: string;
  /** Without a definite refusal it may have happened, and may not be asked twice. */
  readonly isPaid: boolean;
  /** 404 means that the thing is unknown, rather than that the address is wrong. */
  readonly isAboutOne: boolean;
}

interface Context extends Call {
  readonly where: string;
}

/** The one place that says what a failed call means. */
export const classify = (thrown: unknown, context: Context): PortError => {
  if (thrown instanceof CallFailure) return thrown.error;
  return thrown instanceof HttpFailure
    ? withAnswer(thrown, context)
    : withoutAnswer(thrown, context);
};

/** Statuses that say nothing of whether it happened: conflicts, timeouts, errors of the service. */
const isNoAnswer = (status: number): boolean => status >= 500 || status === 408 || status === 409;

const withAnswer = (failure: HttpFailure, context: Context): PortError => {
  const { status, api, requestId, retryAfterMs } = failure;
  const message = describe(failure, context);
  const cause = { name: 'HttpFailure', statusCode: status, type: api.type, code: api.code };
  // A spend limit is stated with 400, 402 or 429, and never passes by itself.
  if (status < 500 && (status === 402 || isAboutMoney(api)))
    return { type: 'insufficient_quota', message };
  if (status === 401 || status === 403 || api.code === 'organization_on_hold')
    return { type: 'authentication_failed', message };
  if (status === 429) return { type: 'transient', message, retryAfterMs, cause };
  if (isNoAnswer(status))
    return context.isPaid
      ? { type: 'unclear', message, cause }
      : { type: 'transient', message, retryAfterMs, cause };
  if (status === 404 && context.isAboutOne) return { type: 'not_found', message };
  const input = context.isPaid ? inputRefusalOf(status, api) : null;
  return {
    type: 'refused',
    message,
    statusCode: status,
    requestId,
    ...(input === null ? {} : { input }),
  };
};

/** `requests.17.custom_id: …`: which request of a create is at fault, counted from 0. */
const named = /\brequests(?:\.|\[)(\d{1,6})\b/gu;
const linesMax = 1_000;
/** "256 MB", behind words of a limit. */
const statedLimit =
  /(?:limit|maximum|exceeds?|at most)\D{0,40}(\d[\d,]{0,15})\s?(bytes|[km]i?b)\b/iu;
const units: Readonly<Record<string, number>> = {
  bytes: 1,
  kb: 1_000,
  kib: 1_024,
  mb: 1_000_000,
  mib: 1_048_576,
};

/** What a definite refusal of a create says against its requests; null: nothing of the kind. */
const inputRefusalOf = (status: number, api: ApiError): InputRefusal | null => {
  const isTooLarge = status === 413 || api.type === 'request_too_large';
  if (isTooLarge) {
    const [, digits = '', unit = ''] = statedLimit.exec(api.message) ?? [];
    const bytes = Number(digits.replaceAll(',', '')) * (units[unit.toLowerCase()] ?? 0);
    return { isTooLarge, statedBytesMax: bytes > 0 ? bytes : null, said: [] };
  }
  if (status !== 400 && status !== 422) return null;
  const { type, message } = api;
  const stated = failureClassOf(api);
  const said = new Map<number, RefusedLine>();
  for (const [, index] of message.slice(0, 100_000).matchAll(named)) {
    const line = Number(index) + 1;
    if (said.size < linesMax)
      said.set(line, {
        line,
        code: type,
        message: message.slice(0, 500),
        param: null,
        failureClass: refusedLineClasses.find((each) => each === stated) ?? null,
      });
  }
  return said.size === 0
    ? null
    : {
        isTooLarge,
        statedBytesMax: null,
        said: [...said.values()].sort((a, b) => a.line - b.line),
      };
};

const withoutAnswer = (thrown: unknown, context: Context): PortError => {
  const { where, what, isPaid } = context;
  const failure = transportFailureIn(thrown);
  const code = failure?.code ?? systemCodeIn(thrown);
  const name = thrown instanceof Error ? thrown.constructor.name : typeof thrown;
  const cause = { name, message: textOf(thrown), code };
  if (failure?.neverSent ?? (code !== null && isNeverMade(code)))
    return {
      type: 'transient',
      message: `cannot reach ${where} (${failure?.reason ?? code ?? name})${hintFor(code ?? '')}`,
      retryAfterMs: null,
      cause,
    };
  const reason =
    failure?.reason ?? code ?? (/timeout/iu.test(name) ? 'no answer in time' : textOf(thrown));
  return isPaid
    ? {
        type: 'unclear',
        message: `no clear answer from ${where} to "${what}" (${reason}): it may or may not have happened`,
        cause,
      }
    : {
        type: 'transient',
        message: `could not ${what} at ${where} (${reason})`,
        retryAfterMs: null,
        cause,
      };
};

/** Codes of connections that were never made, for transports that do not say. */
const isNeverMade = (code: string): boolean =>
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_ALTNAME_INVALID)$/u.test(
    code,
  ) || isCertificateProblem(code);
const isCertificateProblem = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/u.test(code);

const hintFor = (code: string): string => {
  if (code === 'ECONNREFUSED')
    return ': check that the server is running and the base URL is correct';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ': check the network and the host name';
  return isCertificateProblem(code)
    ? ': its certificate is not trusted; NODE_EXTRA_CA_CERTS names an authority of your own'
    : '';
};

const describe = (
  { status, api, requestId }: HttpFailure,
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

const textOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
