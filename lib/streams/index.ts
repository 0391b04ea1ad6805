/** When it happens: the engine and its parts, for those who compose their own. */

// The engine: one serial commit pipeline and keyed concurrent effects.
export { createEngine, type Engine, type EngineStep, type Told } from '../engine/engine.ts';
export type { Committed } from '../engine/commits.ts';
export type { AnswerReading, Asked, EnginePorts, EngineSource } from '../effects/ports.ts';
export { createPerformer } from '../effects/performer.ts';

// Errors of effects: as commands, and as messages.
export { commandOfError, EngineFailure, messageOf } from '../effects/faults.ts';

// Reading answers: lines of files, and results by their pointers.
export { readLineBlocks, type ReadLine } from '../effects/settle/line-reader.ts';
export {
  type BatchFacts,
  readParts,
  readResults,
  type ResultParts,
  type RowFacts,
  toResult,
} from '../effects/results/results.ts';
