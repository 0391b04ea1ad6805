import type { TestProject } from 'vitest/node';

const run = globalThis as { hasToldSeed?: boolean };

/** Says once which seed the properties of this run use. */
export const setup = (project: TestProject): void => {
  if (run.hasToldSeed === true) return;
  run.hasToldSeed = true;
  const seed = project.config.env['BATCHOR_SEED'];
  console.log(`property seed ${seed} (BATCHOR_SEED=${seed} repeats it)`);
};
