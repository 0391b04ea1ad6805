// Rules of ESLint's own that oxlint does not have, for its `jsPlugins`.
import { builtinRules } from 'eslint/use-at-your-own-risk';

const names = ['max-len', 'no-restricted-syntax'];

export default {
  meta: { name: 'eslint-core' },
  rules: Object.fromEntries(names.map((name) => [name, builtinRules.get(name)])),
};
