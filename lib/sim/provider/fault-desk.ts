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

/** A row fault and its place in the script, which is part of its luck. */
export interface PlacedRowFault {
  readonly fault: RowFault;
  readonly place: number;
}

/** Faults that may hit any operation. */
export type OutageType = 'http_error' | 'connection_lost' | 'body_stalls' | 'body_drips';
/** Faults that are states of the whole provider. */
export type StateType = 'other_project' | 'list_empty' | 'list_without_has_more' | 'list_bare' | 'list_page_empty';
/** Whether a fault on downloads is meant for this file of its batch. */
const isForFile = (fault: AnswersFault, part: 'output' | 'error'): boolean => (fault.file ?? part) === part;

/** Decides which faults hit, and counts them. Chance depends on seed, fault and batch, not on the order of unrelated calls. */
export interface FaultDesk {
  /** The first fault of this type that hits this call on the `ordinal`-th batch (or upload), or null. Counts as a try. */
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
    ordinal: number,
    name?: string,
  ): FaultOf<Type> | null;
  /** The line that a service refuses at its upload, or at its create, or null. Counts as a try. */
  strikeLine(at: 'upload' | 'create', ordinal: number): FaultOf<'line_refused'> | null;
  /** What is wrong with this download of a batch's file, or null. Counts as a try. */
  strikeAnswers(ordinal: number, part: 'output' | 'error', name: string): AnswersFault | null;
  /** The outage that hits this operation, `ageMs` after the provider opened, or null. `ordinal` is null for calls on no particular batch. */
  strikeOutage(operation: Operation, ordinal: number | null, ageMs: number): FaultOf<OutageType> | null;
  /** True while this state of the whole provider lasts, `ageMs` after it opened: the key belongs to another project, lists are empty or say no end. */
  isOn(type: StateType, ageMs: number): boolean;
  /** The status that lists are refused with, `ageMs` after the provider opened; null: they are not. */
  listRefusal(ageMs: number): number | null;
  /** True while lists leave this batch out. */
  isLacked(ordinal: number, ageMs: number): boolean;
  /** The fault of this type that marks this batch for life, or null; the same at every call. */
  mark<Type extends Fault['type']>(type: Type, ordinal: number): FaultOf<Type> | null;
  /** The row faults of this batch, in script order. */
  rowFaults(ordinal: number): readonly PlacedRowFault[];
}

/** A desk for one provider. O(script) per call. */
export const createFaultDesk = (script: FaultScript, seed: number): FaultDesk => {
  const tries = new Map<string, number>();
  const hits = new Map<string, number>();

  const isLucky = (fault: Fault, place: number, ...names: readonly (string | number)[]): boolean =>
    fault.probability === undefined || uniform(seed, 'fault', place, fault.type, ...names) < fault.probability;

  const struck = (fault: Fault & { readonly times?: number }, place: number, ordinal: number | null, name: string): boolean => {
    const aimed = isAimed(fault);
    if (aimed && (ordinal === null || !aimsAt(fault, ordinal))) return false;
    const key = aimed ? `${place} ${name}` : `${place}`;
    const timesMax = fault.times ?? (aimed ? 1 : Infinity);
    const hitCount = hits.get(key) ?? 0;
    if (hitCount >= timesMax) return false;
    const tryKey = `${place} ${name}`;
    const tryCount = (tries.get(tryKey) ?? 0) + 1;
    tries.set(tryKey, tryCount);
    if (!isLucky(fault, place, name, tryCount)) return false;
    hits.set(key, hitCount + 1);
    return true;
  };

  const mark: FaultDesk['mark'] = (type, ordinal) => {
    for (const [place, fault] of script.entries()) {
      if (isType(fault, type) && aimsAt(fault, ordinal) && isLucky(fault, place, ordinal)) return fault;
    }
    return null;
  };

  return {
    strike: (type, ordinal, name = `${ordinal}`) => {
      for (const [place, fault] of script.entries()) {
        if (isType(fault, type) && struck(fault, place, ordinal, name)) return fault;
      }
      return null;
    },
    strikeLine: (at, ordinal) => {
      for (const [place, fault] of script.entries()) {
        if (isType(fault, 'line_refused') && (fault.at ?? 'create') === at && struck(fault, place, ordinal, `${at} ${ordinal}`))
          return fault;
      }
      return null;
    },
    strikeAnswers: (ordinal, part, name) => {
      for (const [place, fault] of script.entries()) {
        if (isAnswersFault(fault) && isForFile(fault, part) && struck(fault, place, ordinal, name)) return fault;
      }
      return null;
    },
    strikeOutage: (operation, ordinal, ageMs) => {
      for (const [place, fault] of script.entries()) {
        if (!isOutage(fault) || (fault.operation ?? operation) !== operation || !isOn(fault, ageMs)) continue;
        if (struck(fault, place, ordinal, `${operation} ${ordinal ?? ''}`)) return fault;
      }
      return null;
    },
    isOn: (type, ageMs) => script.some((fault) => isType<StateType>(fault, type) && isOn(fault, ageMs)),
    listRefusal: (ageMs) => {
      const refusal = script.find((fault): fault is FaultOf<'list_refused'> => isType(fault, 'list_refused') && isOn(fault, ageMs));
      return refusal === undefined ? null : (refusal.statusCode ?? 405);
    },
    isLacked: (ordinal, ageMs) => {
      const fault = mark('list_lacks', ordinal);
      return fault !== null && isOn(fault, ageMs);
    },
    mark,
    rowFaults: (ordinal) =>
      [...script.entries()].flatMap(([place, fault]) =>
        isRowFault(fault) && aimsAt(fault, ordinal) && isLucky(fault, place, ordinal) ? [{ fault, place }] : [],
      ),
  };
};

const isType = <Type extends Fault['type']>(fault: Fault, type: Type): fault is FaultOf<Type> => fault.type === type;

const outageTypes: readonly string[] = ['http_error', 'connection_lost', 'body_stalls', 'body_drips'] satisfies readonly OutageType[];
const isOutage = (fault: Fault): fault is FaultOf<OutageType> => outageTypes.includes(fault.type);
const isAnswersFault = (fault: Fault): fault is Fault & AnswersFault => answersFaults.some((type) => type === fault.type);

const isOn = ({ afterMs = 0, forMs = Infinity }: Pick<Outage, 'afterMs' | 'forMs'>, ageMs: number): boolean =>
  ageMs >= afterMs && ageMs < afterMs + forMs;

const isRowFault = (fault: Fault): fault is Extract<Fault, { readonly type: RowFault['type'] }> => fault.type.startsWith('rows_');
