import type { TestProject } from 'vitest/node';

/** Says which seed the properties of this run use. */
export const setup = (project: TestProject): void => {
  const seed = project.config.env['BATCHOR_SEED'];
  console.log(`property seed ${seed} (BATCHOR_SEED=${seed} repeats it)`);
};
