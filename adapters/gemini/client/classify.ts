import type { PortError } from '../../../lib/ports/port-error.ts';
import {
  passesByItself,
  saysOutOfMoney,
  saysQueueIsFull,
  statedTokensMax,
} from '../answers/error-words.ts';
import { systemCodeIn, transportFailureIn } from '../../http/transport-failure.ts';
import { ApiError, messageOf } from './api-error.ts';

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

/** A PortError on its way out of a call. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly error: PortError;
  constructor(error: PortError) {
    super(error.type);
    this.error = error;
  }
}

/** A refusal in our own words. */
export const refusal = (message: string, statusCode: number | null = null): CallFailure =>
  new CallFailure({ type: 'refused', message, statusCode, requestId: null });

type Meaning =
  | 'authentication_failed'
  | 'insufficient_quota'
  | 'over_capacity'
  | 'transient'
  | 'refused'
  | 'not_found'
  /** It may have happened. */
  | 'open';

/**
 * What an answer of error means, by its status and Google's code. A key that is wrong is a 400
 * (`API_KEY_INVALID`). 429 says both that requests come too fast and that the queue of batches is
 * full: a create that is refused so, without a word of time, is refused for the queue
 * (python-genai#1901).
 */
const meaningOf = (error: ApiError, { isPaid, isAboutOne }: Call): Meaning => {
  const { status, rpc } = error;
  const passes = passesByItself(rpc) || error.retryAfterMs !== null;
  if (status === 402) return 'insufficient_quota';
  if (status >= 400 && status < 500 && saysOutOfMoney(rpc) && !passes) return 'insufficient_quota';
  if (status === 401 || /API_?KEY_(?:INVALID|EXPIRED)|ACCESS_TOKEN/u.test(rpc.detail))
    return 'authentication_failed';
  if (status === 400 && /\bAPI key (?:not valid|expired|not found)/iu.test(rpc.message))
    return 'authentication_failed';
  if (status === 403) return saysRegion(rpc.message) ? 'refused' : 'authentication_failed';
  if (status === 429)
    return isPaid && (saysQueueIsFull(rpc) || !passes) ? 'over_capacity' : 'transient';
  if (status === 404 && isAboutOne) return 'not_found';
  if (status === 408 || status === 409 || status === 499 || status >= 500) return 'open';
  return status >= 400 ? 'refused' : 'open';
};

/** The key is not at fault: the account, its plan or its region does not have it. */
const saysRegion = (message: string): boolean =>
  /\b(?:location|region|country)\b.{0,40}\bnot (?:supported|available)|\bnot (?:supported|available) in your\b/iu.test(
    message,
  );

/** The one place that says what a failed call means. */
export const classify = (thrown: unknown, context: Context): PortError => {
  if (thrown instanceof CallFailure) return thrown.error;
  return thrown instanceof ApiError ? withAnswer(thrown, context) : withoutAnswer(thrown, context);
};

const withAnswer = (error: ApiError, context: Context): PortError => {
  const meaning = meaningOf(error, context);
  const message = describe(error, meaning, context);
  const { retryAfterMs, status } = error;
  const cause = { name: error.name, message: error.message, statusCode: status };
  switch (meaning) {
    case 'authentication_failed':
    case 'insufficient_quota':
    case 'not_found':
      return { type: meaning, message };
    case 'over_capacity':
      return {
        type: meaning,
        message,
        statedTokensMax: statedTokensMax(error.rpc),
        statedRequestsMax: null,
      };
    case 'transient':
      return { type: meaning, message, retryAfterMs, cause };
    case 'open':
      return context.isPaid
        ? { type: 'unclear', message, cause }
        : { type: 'transient', message, retryAfterMs, cause };
    case 'refused':
      return { type: meaning, message, statusCode: status, requestId: null };
  }
};

const describe = (
  error: ApiError,
  meaning: Meaning,
  { where, what, isAboutOne }: Context,
): string => {
  const label = [error.status, error.rpc.name].filter((part) => part !== null).join(' ');
  const hint =
    meaning === 'authentication_failed'
      ? '; check the key, and that it belongs to this project'
      : error.status === 404 && !isAboutOne
        ? '; check the base URL and the model'
        : '';
  return `${where} did not ${what}: ${label}: ${messageOf(error)}${hint}`;
};

const withoutAnswer = (thrown: unknown, { where, what, isPaid }: Context): PortError => {
  const failure = transportFailureIn(thrown);
  const code = failure?.code ?? systemCodeIn(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const reason = failure?.reason ?? code ?? message;
  const cause = { name: thrown instanceof Error ? thrown.name : typeof thrown, message, code };
  if (failure?.neverSent === true)
    return {
      type: 'transient',
      message: `cannot reach ${where} (${reason})${hintFor(code ?? '')}`,
      retryAfterMs: null,
      cause,
    };
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

const hintFor = (code: string): string => {
  if (code === 'ECONNREFUSED')
    return ': check that the server is running and the base URL is correct';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ': check the network and the host name';
  if (/CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/u.test(code))
    return ': its certificate is not trusted; NODE_EXTRA_CA_CERTS names an authority of your own';
  return '';
};
