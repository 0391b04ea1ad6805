import { uniform } from '../prng.ts';
import {
  aimsAt,
  type AnswersFault,
  answersFaults,
  isAimed,
  type Fault,
  type FaultOf,
  type FaultScript,
  type Operation,
  type Outage,
  type RowFault,
} from './faults.ts';

/** A row fault and its index in the script, which is part of its random draw. */
export interface ScriptedRowFault {
  readonly fault: RowFault;
  readonly scriptIndex: number;
}

/** Faults that may hit any operation. */
export type OutageType = 'http_error' | 'connection_lost' | 'body_stalls' | 'body_drips';
/** Faults that are states of the whole provider. */
export type StateType =
  'other_project' | 'list_empty' | 'list_without_has_more' | 'list_bare' | 'list_page_empty';
/** Whether a download fault applies to this file of its batch. */
const isForFile = (fault: AnswersFault, part: 'output' | 'error'): boolean =>
  (fault.file ?? part) === part;

/**
 * Decides which faults hit, and counts them. Random draws depend on seed, fault and batch, not on
 * the order of unrelated calls.
 */
export interface FaultInjector {
  /**
   * The first fault of this type that hits this call on a batch or upload; null: none. Counts as a
   * try.
   */
  strike<
    Type extends
      | 'lose_create_reply'
      | 'drop_create'
      | 'create_lands_late'
      | 'create_doubled'
      | 'create_answers_another'
      | 'input_file_deleted'
      | 'cancel_refused'
      | 'upload_fails'
      | 'upload_refused'
      | 'create_refused'
      | 'truncated_download'
      | 'download_encoded',
  >(
    type: Type,
    batchNo: number,
    name?: string,
  ): FaultOf<Type> | null;
  /**
   * The request line that a service rejects at the upload or the create; null: none. Counts as a
   * try.
   */
  strikeLine(at: 'upload' | 'create', batchNo: number): FaultOf<'line_refused'> | null;
  /** The fault of this download of a batch's file; null: none. Counts as a try. */
  strikeAnswers(batchNo: number, part: 'output' | 'error', name: string): AnswersFault | null;
  /**
   * The outage that hits this operation, `ageMs` after the provider opened; null: none. `batchNo`
   * is null for calls on no particular batch.
   */
  strikeOutage(
    operation: Operation,
    batchNo: number | null,
    ageMs: number,
  ): FaultOf<OutageType> | null;
  /**
   * True while this state of the whole provider lasts, `ageMs` after it opened: for example, the
   * key belongs to another project, or lists are empty.
   */
  isOn(type: StateType, ageMs: number): boolean;
  /**
   * The status with which lists are rejected, `ageMs` after the provider opened; null: they are
   * not.
   */
  listRefusal(ageMs: number): number | null;
  /** The most batches of a page, `ageMs` after the provider opened; `Infinity`: as asked for. */
  listedMax(ageMs: number): number;
  /** True while lists leave this batch out. */
  isLacked(batchNo: number, ageMs: number): boolean;
  /**
   * The fault of this type that this batch has for its whole life; null: none. The same at every
   * call.
   */
  mark<Type extends Fault['type']>(type: Type, batchNo: number): FaultOf<Type> | null;
  /** The row faults of this batch, in script order. */
  rowFaults(batchNo: number): readonly ScriptedRowFault[];
}

/** A fault injector for one provider. O(script) per call. */
export const createFaultInjector = (script: FaultScript, seed: number): FaultInjector => {
  const tries = new Map<string, number>();
  const hits = new Map<string, number>();

  const isDrawn = (
    fault: Fault,
    scriptIndex: number,
    ...names: readonly (string | number)[]
  ): boolean =>
    fault.probability === undefined ||
    uniform(seed, 'fault', scriptIndex, fault.type, ...names) < fault.probability;

  const struck = (
    fault: Fault & { readonly times?: number },
    scriptIndex: number,
    batchNo: number | null,
    name: string,
  ): boolean => {
    const aimed = isAimed(fault);
    if (aimed && (batchNo === null || !aimsAt(fault, batchNo))) return false;
    const key = aimed ? `${scriptIndex} ${name}` : `${scriptIndex}`;
    const timesMax = fault.times ?? (aimed ? 1 : Infinity);
    const hitCount = hits.get(key) ?? 0;
    if (hitCount >= timesMax) return false;
    const tryKey = `${scriptIndex} ${name}`;
    const tryCount = (tries.get(tryKey) ?? 0) + 1;
    tries.set(tryKey, tryCount);
    if (!isDrawn(fault, scriptIndex, name, tryCount)) return false;
    hits.set(key, hitCount + 1);
    return true;
  };

  const mark: FaultInjector['mark'] = (type, batchNo) => {
    for (const [scriptIndex, fault] of script.entries()) {
      if (isType(fault, type) && aimsAt(fault, batchNo) && isDrawn(fault, scriptIndex, batchNo))
        return fault;
    }
    return null;
  };

  return {
    strike: (type, batchNo, name = `${batchNo}`) => {
      for (const [scriptIndex, fault] of script.entries()) {
        if (isType(fault, type) && struck(fault, scriptIndex, batchNo, name)) return fault;
      }
      return null;
    },
    strikeLine: (at, batchNo) => {
      for (const [scriptIndex, fault] of script.entries()) {
        if (
          isType(fault, 'line_refused') &&
          (fault.at ?? 'create') === at &&
          struck(fault, scriptIndex, batchNo, `${at} ${batchNo}`)
        )
          return fault;
      }
      return null;
    },
    strikeAnswers: (batchNo, part, name) => {
      for (const [scriptIndex, fault] of script.entries()) {
        if (
          isAnswersFault(fault) &&
          isForFile(fault, part) &&
          struck(fault, scriptIndex, batchNo, name)
        )
          return fault;
      }
      return null;
    },
    strikeOutage: (operation, batchNo, ageMs) => {
      for (const [scriptIndex, fault] of script.entries()) {
        if (!isOutage(fault) || (fault.operation ?? operation) !== operation || !isOn(fault, ageMs))
          continue;
        if (struck(fault, scriptIndex, batchNo, `${operation} ${batchNo ?? ''}`)) return fault;
      }
      return null;
    },
    isOn: (type, ageMs) =>
      script.some((fault) => isType<StateType>(fault, type) && isOn(fault, ageMs)),
    listRefusal: (ageMs) => listRefusalIn(script, ageMs),
    listedMax: (ageMs) => listedMaxIn(script, ageMs),
    isLacked: (batchNo, ageMs) => {
      const fault = mark('list_lacks', batchNo);
      return fault !== null && isOn(fault, ageMs);
    },
    mark,
    rowFaults: (batchNo) =>
      [...script.entries()].flatMap(([scriptIndex, fault]) =>
        isRowFault(fault) && aimsAt(fault, batchNo) && isDrawn(fault, scriptIndex, batchNo)
          ? [{ fault, scriptIndex }]
          : [],
      ),
  };
};

const isType = <Type extends Fault['type']>(fault: Fault, type: Type): fault is FaultOf<Type> =>
  fault.type === type;

const outageTypes: readonly string[] = [
  'http_error',
  'connection_lost',
  'body_stalls',
  'body_drips',
] satisfies readonly OutageType[];
const isOutage = (fault: Fault): fault is FaultOf<OutageType> => outageTypes.includes(fault.type);
const isAnswersFault = (fault: Fault): fault is Fault & AnswersFault =>
  answersFaults.some((type) => type === fault.type);

const isOn = (
  { afterMs = 0, forMs = Infinity }: Pick<Outage, 'afterMs' | 'forMs'>,
  ageMs: number,
): boolean => ageMs >= afterMs && ageMs < afterMs + forMs;

const isRowFault = (fault: Fault): fault is Extract<Fault, { readonly type: RowFault['type'] }> =>
  fault.type.startsWith('rows_');

const listedMaxIn = (script: FaultScript, ageMs: number): number =>
  script.find(
    (fault): fault is FaultOf<'list_pages_short'> =>
      isType(fault, 'list_pages_short') && isOn(fault, ageMs),
  )?.itemsMax ?? Infinity;

const listRefusalIn = (script: FaultScript, ageMs: number): number | null => {
  const refusal = script.find(
    (fault): fault is FaultOf<'list_refused'> =>
      isType(fault, 'list_refused') && isOn(fault, ageMs),
  );
  return refusal === undefined ? null : (refusal.statusCode ?? 405);
};
