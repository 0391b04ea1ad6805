import type { FailureClass } from '../../../../../lib/core/values/failure.ts';
import type { JsonObject, JsonValue } from '../../../../../lib/core/json/json.ts';

/** What a row becomes. */
export interface Reads {
  readonly as: 'completed' | FailureClass;
  readonly text: string | null;
  /** Of a completed row; absent: the text. */
  readonly output?: JsonValue;
  readonly finish: string | null;
  readonly calls?: readonly JsonObject[];
  /**
   * Of a run with the schema `{ label: string }`: the JSON that is taken, or the failure; absent:
   * as without.
   */
  readonly structured?: JsonValue | FailureClass;
}
export type Case = readonly [name: string, body: JsonObject, reads: Reads];
