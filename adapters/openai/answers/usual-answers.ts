import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { AnswerReader } from './answer-reader.ts';
import { type AnswerShape, readShaped, type ShapedAnswer, shapeOf } from './answer-shape.ts';

/**
 * Lines of a batch are mostly of one shape: learned from the first of them, it reads the others
 * without parsing them.
 */
export interface UsualAnswers {
  /**
   * What an accepted line says; null for a line of no shape that is known, which is then parsed
   * whole.
   */
  read(line: string): ShapedAnswer | null;
  /** Takes note of a line that was parsed whole and accepted. */
  learn(line: string, customId: string, body: JsonObject): void;
}

const shapesMax = 4;
/** Learning costs more than parsing; where no two lines are alike it is given up. */
const lessonsMax = 64;

/** A spec compares its answers with those of the full parser. */
export const createUsualAnswers = (reader: AnswerReader): UsualAnswers => {
  const shapes: AnswerShape[] = [];
  let lessons = 0;
  return {
    read(line) {
      for (const shape of shapes) {
        const answer = readShaped(shape, line);
        if (answer !== null) return answer;
      }
      return null;
    },
    learn(line, customId, body) {
      if (shapes.length === shapesMax || lessons === lessonsMax) return;
      lessons += 1;
      try {
        const shape = shapeOf(line, customId, body, reader);
        if (shape !== null) shapes.push(shape);
      } catch {
        // A pattern that the engine will not have. The line was read without one, and so are the
        // others like it.
      }
    },
  };
};
