import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

export const performDeleteFile =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'DeleteFile'>> =>
  ({ fileId }) =>
    pipe(
      provider.deleteFile(fileId),
      TE.map((): Asked => TE.right({ type: 'RecordFileDeleted', atMs: scheduler.now(), fileId })),
    );
