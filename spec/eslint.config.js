// Run from the project folder: `eslint -c spec/eslint.config.js .`; the patterns below are relative
// to it.
import { fileURLToPath } from 'node:url';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const root = fileURLToPath(new URL('..', import.meta.url));
const shipped = ['lib/**/*.ts', 'adapters/**/*.ts', 'cli/**/*.ts'];

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Name it: no default exports.',
};
const noClock = 'No clock in here: take nowMs as data, or the scheduler.';
const noChance = 'No chance in here: take ids and random numbers as data.';
const clockAndChance = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: noClock },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: noClock },
  { selector: "CallExpression[callee.name='Date']", message: noClock },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: noChance },
  {
    selector:
      "CallExpression[callee.name='randomUUID'], CallExpression[callee.property.name='randomUUID']",
    message: noChance,
  },
];
const noClass = {
  selector: "ClassDeclaration:not([superClass.name='Error']), ClassExpression",
  message: 'The core is data and functions: no classes.',
};
const timers = ['setTimeout', 'setInterval', 'setImmediate', 'performance'];
const world = [
  ...timers,
  'process',
  'queueMicrotask',
  'crypto',
  'fetch',
  'console',
  'globalThis',
  'Buffer',
];
/**
 * @param {number} max
 * @returns {['error', { max: number }]}
 */
const functionLines = (max) => ['error', { max }];

/**
 * Files whose longest function is longer than others may be, and its lines. These numbers only
 * fall; a file whose functions are short enough leaves the list.
 */
const LONG_FUNCTIONS = {
  'adapters/anthropic/requests/request-line.ts': 88,
  'adapters/pg/owned-run.ts': 142,
  'adapters/pg/run-store.ts': 314,
  'adapters/pg/session.ts': 98,
  'cli/commands/results.ts': 98,
  'cli/print/report-table.ts': 83,
  'lib/core/reconcile/evolve-reconcile.ts': 98,
  'lib/sim/connection.ts': 151,
  'lib/sim/provider/batch-pool.ts': 171,
  'lib/sim/fake-wire.ts': 84,
  'lib/sim/provider/fault-injector.ts': 99,
  'lib/sim/provider/ledger.ts': 114,
  'lib/sim/provider/pattern.ts': 89,
  'lib/sim/provider/provider.ts': 91,
  'lib/sim/provider/validate.ts': 98,
  'lib/sim/store/memory-run.ts': 138,
  'lib/sim/store/memory-store.ts': 89,
  'lib/sim/world.ts': 138,
  'lib/testing/provider/request-cases.ts': 89,
};

/** @param {readonly string[]} names */
const restrictedGlobals = (names) =>
  names.map((name) => ({ name, message: 'Not in here: it reaches outside.' }));

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'spec/architecture/fixtures/', '.*/'] },
  {
    files: ['{lib,adapters,cli,spec}/**/*.{ts,js,mjs}', 'docs/examples/**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['spec/tsconfig.json'], tsconfigRootDir: root },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      eqeqeq: 'error',
      'max-len': [
        'error',
        {
          code: 100,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          ignoreUrls: true,
          ignoreTrailingComments: true,
        },
      ],
      'no-var': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: shipped,
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport],
      'max-lines-per-function': functionLines(82),
    },
  },
  ...Object.entries(LONG_FUNCTIONS).map(([file, max]) => ({
    files: [file],
    rules: { 'max-lines-per-function': functionLines(max) },
  })),
  {
    // Texts come from providers, files and people: a pattern takes time in proportion to its text,
    // whatever the text.
    files: shipped,
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': [
        'error',
        { report: 'potential', ignoreSticky: true, ignorePartial: false },
      ],
    },
  },
  {
    // The tokenizer's own patterns: each of their alternatives goes on where another stops, so that
    // nothing is read twice.
    files: ['adapters/tiktoken/segments.ts'],
    rules: { 'regexp/no-super-linear-backtracking': 'off', 'regexp/no-super-linear-move': 'off' },
  },
  // Types that infer: what nobody asks about a user's job or schema may be anything.
  {
    files: ['lib/run/job/job.ts', 'lib/schema/types.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    // A pure core, and streams and a simulated world that know only the scheduler's time.
    files: ['lib/{core,schema,streams,sim}/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport, ...clockAndChance],
      'no-restricted-globals': ['error', ...restrictedGlobals([...timers, 'process'])],
    },
  },
  {
    files: ['lib/{core,schema}/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport, ...clockAndChance, noClass],
      'no-restricted-globals': ['error', ...restrictedGlobals(world)],
    },
  },
);
