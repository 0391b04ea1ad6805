// The rules of `.oxlintrc.json` for editors and scripts that run ESLint; `npm run lint` is oxlint.
// Run from the project folder: `eslint -c spec/eslint.config.js FILES`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {import('eslint').Linter.RulesRecord} Rules
 * @typedef {{ readonly files: string[], readonly rules: Rules }} Override
 * @type {{ ignorePatterns: string[], rules: Rules, overrides: Override[] }}
 */
const { ignorePatterns, rules, overrides } = JSON.parse(
  readFileSync(`${root}/.oxlintrc.json`, 'utf8').replaceAll(/^ *\/\/.*$/gm, ''),
);

/** @param {Rules} named by the names that oxlint has for plugins */
const asNamedHere = (named) =>
  Object.fromEntries(
    Object.entries(named).map(([name, options]) => [
      name.replace(/^typescript\//, '@typescript-eslint/').replace(/^eslint-core\//, ''),
      options,
    ]),
  );

export default tseslint.config(
  { ignores: [...ignorePatterns.map((pattern) => pattern.replace(/^\//, '')), 'docs/**/*.mjs'] },
  {
    files: ['**/*.{ts,js,mjs}'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['spec/tsconfig.json'], tsconfigRootDir: root },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin, regexp },
    rules: asNamedHere(rules),
  },
  ...overrides.map(({ files, rules: others }) => ({ files, rules: asNamedHere(others) })),
);
