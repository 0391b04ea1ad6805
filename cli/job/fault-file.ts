import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import {
  createRefusals,
  errorForms,
  type Fault,
  type FaultScript,
} from '../../lib/sim/provider/faults.ts';
import { CliFailure } from '../shell/failure.ts';
import { nearest } from '../../lib/run/job/nearest.ts';

/** Every type of fault; the compiler checks that the list is complete. */
const faultTypes: Readonly<Record<Fault['type'], true>> = {
  lose_create_reply: true,
  drop_create: true,
  create_lands_late: true,
  create_doubled: true,
  create_answers_another: true,
  input_file_deleted: true,
  cancel_refused: true,
  upload_fails: true,
  upload_too_large: true,
  upload_refused: true,
  line_refused: true,
  create_refused: true,
  truncated_download: true,
  download_encoded: true,
  answers_html: true,
  answers_utf16: true,
  answers_cut_line: true,
  answers_gzip: true,
  answers_of_another: true,
  file_gone: true,
  http_error: true,
  connection_lost: true,
  body_stalls: true,
  body_drips: true,
  other_project: true,
  list_empty: true,
  list_without_has_more: true,
  list_refused: true,
  list_bare: true,
  list_page_empty: true,
  list_pages_short: true,
  validation_fails: true,
  validation_names_lines: true,
  expires: true,
  completes_without_files: true,
  not_found_after_create: true,
  slow_finalizing: true,
  never_ends: true,
  status_shown_as: true,
  list_lags: true,
  list_lacks: true,
  files_late: true,
  error_file_blank: true,
  error_file_empty: true,
  file_not_processed: true,
  file_not_found_after_upload: true,
  counts_null: true,
  times_iso: true,
  cancelled_by_hand: true,
  rows_fail: true,
  rows_end_with: true,
  rows_several_messages: true,
  rows_tool_calls: true,
  rows_function_call: true,
  rows_content_list: true,
  rows_several_choices: true,
  rows_images: true,
  rows_audio: true,
  rows_refused_beside_text: true,
  rows_reasoning_only: true,
  rows_empty_text: true,
  rows_missing: true,
  rows_duplicated: true,
  rows_malformed: true,
  rows_unknown_id: true,
  rows_truncated: true,
  rows_refused: true,
  rows_status_zero: true,
  rows_timed_out: true,
};

/**
 * Members with a fixed set of values, checked early: a wrong value would otherwise show only when
 * the fault is injected.
 */
const choices: Readonly<
  Partial<Record<Fault['type'], { readonly member: string; readonly allowed: readonly string[] }>>
> = {
  rows_fail: { member: 'form', allowed: errorForms },
  create_refused: { member: 'reason', allowed: createRefusals },
  upload_refused: { member: 'reason', allowed: ['files_quota', 'storage_quota'] },
  line_refused: { member: 'at', allowed: ['upload', 'create'] },
};

/** The faults in a file: a JSON list of objects, each of a known `type`. */
export const parseFaults = (path: string, text: string): FaultScript => {
  const list = parseJson(path, text);
  if (!Array.isArray(list)) throw new CliFailure(`--faults ${path}: must be a JSON list of faults`);
  list.forEach((fault: unknown, i) => {
    const type = isJsonObject(fault) ? fault['type'] : undefined;
    if (typeof type === 'string' && Object.hasOwn(faultTypes, type))
      return checkChoice(path, i + 1, fault as JsonObject);
    const names = Object.keys(faultTypes);
    const near = typeof type === 'string' ? nearest(type, names) : null;
    throw new CliFailure(
      `--faults ${path}: fault ${i + 1} has no known type${typeof type === 'string' ? ` (${JSON.stringify(type)})` : ''}`,
      {
        hint:
          near === null
            ? `Known types: ${names.join(', ')}.`
            : `Did you mean ${JSON.stringify(near)}?`,
      },
    );
  });
  // The fake provider checks the other members of each fault.
  return list as unknown as FaultScript;
};

const checkChoice = (path: string, no: number, fault: JsonObject): void => {
  const type = fault['type'] as Fault['type'];
  const choice = choices[type];
  const given = choice === undefined ? undefined : fault[choice.member];
  if (choice === undefined || given === undefined || choice.allowed.some((each) => each === given))
    return;
  throw new CliFailure(
    `--faults ${path}: fault ${no} (${type}) has no known ${choice.member} (${JSON.stringify(given)})`,
    {
      hint: `Known values: ${choice.allowed.join(', ')}.`,
    },
  );
};

const parseJson = (path: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliFailure(
      `--faults ${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
