import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { FaultScript, Refused } from '../../../lib/sim/provider/index.ts';
import type { AnswerForm } from '../respond.ts';
import type { Dialect } from './dialects.ts';

const inCapitals = (status: string): string => status.toUpperCase();
const inTitle = (status: string): string => status.slice(0, 1).toUpperCase() + status.slice(1);

/** A batch as the service writes it; another value stays as it is. */
export const shownValue = (dialect: Dialect, nameOf: (fileId: string) => string) => {
  const shown = (value: unknown): unknown => {
    if (!isJsonObject(value)) return value;
    if (Array.isArray(value['data']))
      return { ...value, data: value['data'].map((entry: JsonValue) => shown(entry)) };
    return value['object'] === 'batch' ? batchIn(value) : value;
  };
  const batchIn = (batch: JsonObject): JsonObject => {
    const { status, metadata, input_file_id: fileId, ...rest } = batch;
    const word = String(status);
    return {
      ...rest,
      input_file_id: typeof fileId === 'string' ? nameOf(fileId) : (fileId ?? null),
      status:
        dialect.statuses === undefined
          ? word
          : dialect.statuses === 'capitals'
            ? inCapitals(word)
            : inTitle(word),
      ...(dialect.metadata === false ? {} : { metadata: metadata ?? null }),
    };
  };
  return shown;
};

/** Bodies of answers and of refusals, as the service writes them. */
export const formOf = (dialect: Dialect, value: AnswerForm['value']): AnswerForm => ({
  value,
  error: ({ statusCode, error }: Refused) => ({
    statusCode,
    body: dialect.errors === 'detail' ? { detail: error.message } : { error },
  }),
});

/** The script of faults, with what the service always does. */
export const faultsOf =
  ({ times, counts, errorFile, rowErrors }: Dialect) =>
  (given: FaultScript): FaultScript => [
    ...given.map((fault) =>
      fault.type === 'rows_fail' && fault.form === undefined && rowErrors !== undefined
        ? { ...fault, form: rowErrors }
        : fault,
    ),
    ...(times === undefined ? [] : [{ type: 'times_iso', everyBatch: 1 } as const]),
    ...(counts === undefined ? [] : [{ type: 'counts_null', everyBatch: 1 } as const]),
    ...(errorFile === undefined
      ? []
      : [{ type: `error_file_${errorFile}`, everyBatch: 1 } as const]),
  ];
