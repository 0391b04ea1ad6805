import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  FakeProvider,
  FakeProviderOptions,
  FaultScript,
  Refused,
} from '../../lib/sim/provider/index.ts';
import { authorizationFault } from './authorize.ts';
import { sendRefusal } from './respond.ts';
import { serveRoute } from './routes.ts';

/** A call, before its route is known. */
export interface ServiceCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly provider: FakeProvider;
  readonly url: URL;
}

/** The HTTP API of one service, over the fake provider. */
export interface EmulatedService {
  /** What a client's base URL has behind the origin. */
  readonly basePath: string;
  /** What the service has otherwise than OpenAI. */
  readonly options: Partial<FakeProviderOptions>;
  /** The script of faults, with what the service always does otherwise. Absent: as it is. */
  faults?(given: FaultScript): FaultScript;
  /** Sets the headers that the service has on each answer. */
  nameHeaders(response: ServerResponse, callCount: number): void;
  /** Why a call may not pass with its key; null: it may. */
  authorizationFault(request: IncomingMessage, apiKey: string | null): Refused | null;
  serve(call: ServiceCall): Promise<void>;
  sendRefusal(response: ServerResponse, refusal: Refused): void;
}

/** OpenAI's Files and Batch API. */
export const openaiService: EmulatedService = {
  basePath: '/v1',
  options: {},
  nameHeaders: (response, callCount) => {
    response
      .setHeader('openai-version', '2020-10-01')
      .setHeader('openai-organization', 'org-emulated')
      .setHeader('openai-project', 'proj_emulated')
      .setHeader('openai-processing-ms', '15')
      .setHeader('x-request-id', `req_${callCount.toString(16).padStart(32, '0')}`);
  },
  authorizationFault,
  serve: serveRoute,
  sendRefusal,
};
