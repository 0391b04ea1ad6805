/** When it happens: the engine and its parts, for those who compose their own. */
export { createEngine, type Engine, type EngineStep, type Told } from '../engine/engine.ts';
export { commandOfError, EngineFailure, messageOf } from '../effects/faults.ts';
export { createPerformer } from '../effects/performer.ts';
export type { Asked, EnginePorts, EngineSource } from '../effects/ports.ts';
export { readLineBlocks, type ReadLine } from '../effects/settle/line-reader.ts';
export { readParts, readResults, type ResultParts, toResult } from '../effects/results/results.ts';
