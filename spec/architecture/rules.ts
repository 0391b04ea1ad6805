import type { IForbiddenRuleType } from 'dependency-cruiser';

/**
 * The third-party packages that each adapter is there for. A new adapter names its own here; most
 * need none.
 */
export const ADAPTER_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  ajv: ['ajv', 'ajv-formats'],
  arquero: ['arquero'],
  arrow: ['apache-arrow'],
  csv: ['csv-parse'],
  files: ['chardet', 'tinyglobby'],
  http: ['https-proxy-agent'],
  openai: ['openai'],
  parquet: ['hyparquet', 'hyparquet-compressors', 'hyparquet-writer'],
  pg: ['pg'],
  filestore: ['sql.js'],
  tiktoken: ['tiktoken'],
};

/** Adapters that speak to a batch service over HTTP. */
const SERVICES: readonly string[] = ['openai', 'anthropic', 'gemini', 'mistral', 'xai'];

/** The folders under lib, each with a rule of its own below. */
export const PARTS = [
  'core',
  'ports',
  'rows',
  'schema',
  'bytes',
  'disk',
  'engine',
  'effects',
  'streams',
  'run',
  'sim',
  'testing',
];

const npm = (name: string): string => `node_modules/${name.replaceAll('.', '\\.')}/`;
const lib = (...parts: readonly string[]): string => `^lib/(${parts.join('|')})/`;
const fpTs = npm('fp-ts');
const ioTs = npm('io-ts');
const rxjs = npm('rxjs');
/** Types only, and written to be depended upon by libraries. */
const standardSchema = npm('@standard-schema/spec');

interface Allowance {
  readonly name: string;
  /** Why the rule exists. */
  readonly comment: string;
  readonly from: string;
  readonly except?: string;
  readonly may: readonly string[];
  readonly node?: boolean;
}

/** A rule that forbids every import but those named. */
const only = ({ name, comment, from, except, may, node }: Allowance): IForbiddenRuleType => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, ...(except === undefined ? {} : { pathNot: except }) },
  to: { pathNot: [...may], ...(node === true ? { dependencyTypesNot: ['core'] } : {}) },
});

const libRules: readonly IForbiddenRuleType[] = [
  only({
    name: 'core',
    comment:
      'The core decides what is true; it can be embedded anywhere because it knows nothing else.',
    from: lib('core'),
    may: [lib('core'), fpTs, ioTs],
  }),
  only({
    name: 'ports',
    comment: 'A port is a promise between the core and an adapter, in the words of the core.',
    from: lib('ports'),
    // Which schemas a provider takes is data that its config carries.
    may: [lib('core', 'ports'), '^lib/schema/strict-rules\\.ts$', fpTs],
  }),
  {
    name: 'ports-types-only',
    comment:
      'Interfaces have no code, so that an adapter may be written without loading any of ours.',
    severity: 'error',
    from: { path: lib('ports'), pathNot: '^lib/ports/source-error\\.ts$' },
    to: { pathNot: lib('ports'), dependencyTypesNot: ['type-only'] },
  },
  only({
    name: 'rows',
    comment: 'Rows in columns and their queries are the same whatever a store writes them to.',
    from: lib('rows'),
    may: [lib('core', 'ports', 'rows'), fpTs],
  }),
  only({
    name: 'schema',
    comment: 'Checking a schema is a pure question about data.',
    from: lib('schema'),
    may: [lib('core', 'schema'), fpTs, ioTs, standardSchema],
  }),
  only({
    name: 'bytes',
    comment: 'Lines and texts of bytes: below everything that reads files, wherever it runs.',
    from: lib('bytes'),
    may: [lib('bytes')],
  }),
  only({
    name: 'disk',
    comment:
      'How files are written so that they survive a crash: below the stores and the exports.',
    from: lib('disk'),
    may: [lib('disk')],
    node: true,
  }),
  only({
    name: 'effects',
    comment: 'How an effect is performed, over any adapters; when it is, the engine says.',
    from: lib('effects'),
    may: [lib('core', 'ports', 'rows', 'schema', 'bytes', 'effects'), fpTs, rxjs],
  }),
  only({
    name: 'engine',
    comment: 'The engine says when things happen, over any adapters and on any clock.',
    from: lib('engine'),
    may: [lib('core', 'ports', 'effects', 'engine'), fpTs, rxjs],
  }),
  only({
    name: 'streams',
    comment: 'The door to the engine and its effects holds nothing itself.',
    from: lib('streams'),
    may: [lib('effects', 'engine', 'streams')],
  }),
  only({
    name: 'run',
    comment:
      'The edge for Promise users is handed its adapters; only the defaults know some by name.',
    from: lib('run'),
    except: '^lib/run/api/defaults\\.ts$',
    may: [
      lib('core', 'schema', 'ports', 'rows', 'bytes', 'disk', 'engine', 'effects', 'run'),
      fpTs,
      rxjs,
      standardSchema,
    ],
    node: true,
  }),
  only({
    name: 'run-defaults',
    comment: 'What a runner uses when it was given nothing: these adapters and no others.',
    from: '^lib/run/api/defaults\\.ts$',
    may: [
      lib('ports', 'schema', 'run'),
      '^adapters/(ajv|anthropic|gemini|mistral|openai|xai|filestore|filesystem|tiktoken)/',
      fpTs,
      rxjs,
      standardSchema,
    ],
    node: true,
  }),
  {
    name: 'run-defaults-on-demand',
    comment: 'Who brings a store and a provider of their own does not pay for loading ours.',
    severity: 'error',
    from: { path: lib('run') },
    to: {
      path: ['^adapters/', '^lib/sim/'],
      dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'],
    },
  },
  only({
    name: 'sim',
    comment:
      'The simulated world stands on the library alone, so that it is deterministic wherever it runs.',
    from: lib('sim'),
    may: [lib('core', 'ports', 'rows', 'schema', 'bytes', 'run', 'sim'), fpTs, rxjs],
  }),
  only({
    name: 'testing',
    comment:
      'Contracts of adapters run under any test runner, over the simulated world and Node alone.',
    from: lib('testing'),
    may: [lib('core', 'ports', 'rows', 'bytes', 'sim', 'testing'), fpTs],
    node: true,
  }),
  only({
    name: 'front-door',
    comment:
      'The front door shows the parts and holds nothing itself; fp-ts does not show through it.',
    from: '^lib/index\\.ts$',
    // The memory store needs no package and no adapter: a first program can do without anything
    // else.
    may: [
      lib('core', 'ports', 'rows', 'schema', 'engine', 'effects', 'streams', 'run'),
      '^lib/sim/store/',
    ],
  }),
];

/** One rule per adapter folder. */
const adapterRule = (adapter: string): IForbiddenRuleType =>
  only({
    name: `adapter-${adapter}`,
    comment:
      'An adapter joins one package to the ports; two that know each other could not be used alone.',
    from: `^adapters/${adapter}/`,
    may: [
      // What file sources share, and what adapters of services do.
      `^adapters/(${adapter}|files${SERVICES.includes(adapter) ? '|http' : ''})/`,
      // The one named exception: the file store keeps payloads as files beside its rows.
      ...(adapter === 'filestore' ? ['^adapters/filesystem/'] : []),
      // Their client and their lines are OpenAI's.
      ...(adapter === 'mistral' || adapter === 'xai' ? ['^adapters/openai/'] : []),
      // The file store's first name is a door to it.
      ...(adapter === 'sqljs' ? ['^adapters/filestore/index\\.ts$'] : []),
      lib(
        'core',
        'ports',
        'rows',
        'schema',
        'bytes',
        'disk',
        ...(adapter === 'emulator' ? ['sim'] : []),
      ),
      fpTs,
      ioTs,
      standardSchema,
      ...(ADAPTER_PACKAGES[adapter] ?? []).map(npm),
    ],
    node: true,
  });

const cliRules: readonly IForbiddenRuleType[] = [
  only({
    name: 'cli',
    comment:
      'Commands speak to the library; which adapter a configuration means is decided in one place.',
    from: '^cli/',
    except: '^cli/compose(?:-files|-services)?\\.ts$',
    may: ['^cli/', '^lib/', npm('clipanion'), npm('typanion'), npm('jiti')],
    node: true,
  }),
  only({
    name: 'cli-compose',
    comment: 'The one place that turns a configuration into adapters.',
    from: '^cli/compose(?:-files|-services)?\\.ts$',
    may: ['^cli/', '^lib/', '^adapters/', npm('clipanion'), npm('typanion')],
    node: true,
  }),
];

const everywhere: readonly IForbiddenRuleType[] = [
  {
    name: 'no-cycles',
    comment: 'Files that need each other cannot be read in any order.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'resolvable',
    comment: 'What cannot be found here cannot be found by a user.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

/** Who may import what: DESIGN's import rules, for a tree with these adapters. */
export const rulesFor = (adapters: readonly string[]): IForbiddenRuleType[] => [
  ...libRules,
  ...adapters.map(adapterRule),
  ...cliRules,
  ...everywhere,
];
