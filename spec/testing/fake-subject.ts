import {
  type BlobStore,
  createFakeProvider,
  fakeConnection,
  serviceShapes,
  type ServiceShape,
} from '../../lib/sim/index.ts';
import type { ProviderConnection } from '../../lib/ports/provider.ts';
import type { ProviderSubject } from '../../lib/testing/index.ts';
import type { Connected } from '../../lib/testing/provider/watched.ts';

/** Takes uploads and forgets them, for what measures memory. */
const forgetting: BlobStore = {
  create: () => Promise.resolve({ write: () => Promise.resolve(), close: () => Promise.resolve() }),
  read: async function* () {
    await Promise.resolve();
  },
  remove: () => Promise.resolve(),
};

/** What stands between the adapter and its caller: a planted bug. */
export type Bug = (provider: Connected, sentKey: string) => Partial<Connected>;

/** The adapter of the fake, in one of its shapes. */
export const fakeSubject = (
  shape: ServiceShape,
  {
    bug = () => ({}),
    forgets = false,
    changes = {},
  }: {
    readonly bug?: Bug;
    readonly forgets?: boolean;
    /** Of the config. */
    readonly changes?: object;
  } = {},
): ProviderSubject => {
  const traits = serviceShapes[shape];
  const connectionOf = (provider: Parameters<typeof fakeConnection>[0]) =>
    fakeConnection(provider, { traits });
  const unread = createFakeProvider({ nowMs: () => 0 });
  return {
    config: { ...connectionOf(unread)({ model: 'fake-1' }), ...changes },
    holdsUploads: !forgets,
    takesNoKey: true,
    open: ({ acceptedKey, sentKey, faults = [], ...options }) => {
      let nowMs = Date.now();
      const provider = createFakeProvider({
        ...options,
        faults: [
          ...faults,
          ...(sentKey === acceptedKey ? [] : [{ type: 'http_error', statusCode: 401 } as const]),
        ],
        nowMs: () => nowMs,
        ...(forgets ? { blobs: forgetting } : {}),
      });
      const own = connectionOf(provider);
      const connection: ProviderConnection = {
        name: own.name,
        kind: own.kind,
        connect: (config) => {
          const connected = own.connect(config);
          return { ...connected, ...bug(connected, sentKey) };
        },
      };
      return Promise.resolve({
        connection,
        advance: async (ms: number) => {
          nowMs += ms;
          await provider.settle();
        },
        nowMs: () => nowMs,
        tokensBilled: () => ({
          input: provider.ledger.inputTokensBilled,
          output: provider.ledger.outputTokensBilled,
        }),
        batchesCreated: () => provider.ledger.batchesCreated,
        close: () => Promise.resolve(),
      });
    },
  };
};
