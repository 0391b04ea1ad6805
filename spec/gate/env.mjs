/** What would let a spec reach the world, or another person's store: keys, addresses, proxies. */
const UNWANTED =
  /^(OPENAI_.*|AZURE_OPENAI_.*|BATCHOR_(STORE|ARTIFACTS|PRICES)|PG[A-Z]+|(npm_config_)?(https?|all|no)?[_-]?proxy)$/i;

/**
 * The environment that specs run in: the caller's, without what points outside.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Record<string, string | undefined>}
 */
export const specEnv = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !UNWANTED.test(name)));

/**
 * Removes the same variables from an environment in place.
 *
 * @param {Record<string, string | undefined>} env
 * @returns {void}
 */
export const cleanEnv = (env) => {
  for (const name of Object.keys(env)) if (UNWANTED.test(name)) delete env[name];
};
