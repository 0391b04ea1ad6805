import { configureGlobal, readConfigureGlobal } from 'fast-check';

/** Every property of a run draws from the run's own seed, unless it names one. */
configureGlobal({ ...readConfigureGlobal(), seed: Number(process.env['BATCHOR_SEED']) });
