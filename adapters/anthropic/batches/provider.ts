import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import type { OpenSession } from '../client/session.ts';
import { cancel } from './cancel.ts';
import { check, ready } from './check.ts';
import { create } from './create.ts';
import { observe } from './observe.ts';
import { describe, identify, mark, reconcile } from './reconcile.ts';
import { download } from './results.ts';

/** Anthropic's Message Batches behind the port. */
export const createBatchProvider = (open: OpenSession): BatchProvider => ({
  check: check(open),
  ready: ready(open),
  upload: () => TE.left(withoutFiles),
  mark: mark(open),
  create: create(open),
  sweep: reconcile(open),
  deleteFile: () => TE.left(withoutFiles),
  identify: identify(open),
  describe: describe(open),
  observe: (batches) => observe(open, batches),
  download: download(open),
  cancel: cancel(open),
});

const withoutFiles: PortError = {
  type: 'refused',
  message: 'Anthropic has no input files: a create carries its requests',
  statusCode: null,
  requestId: null,
};
