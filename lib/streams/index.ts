/** When it happens: the engine and its parts, for those who compose their own. */
export { createEngine, type Engine, type EngineStep, type Told } from './engine.ts';
export { commandOfError, EngineFailure, messageOf } from './faults.ts';
export { createPerformer } from './performer.ts';
export type { Asked, EnginePorts, EngineSource } from './ports.ts';
export { readLineBlocks, type ReadLine } from './line-reader.ts';
export { readParts, readResults, type ResultParts, toResult } from './results.ts';
