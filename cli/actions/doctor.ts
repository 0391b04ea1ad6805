import type { RunId } from '../../lib/core/values/ids.ts';
import { isRunId } from '../../lib/core/values/ids.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type {
  PayloadCondition,
  RunCondition,
  RunLoss,
  StoreCare,
} from '../../lib/ports/store-care.ts';
import { must } from '../../lib/run/api/interop.ts';
import { conditionToWire } from '../../lib/run/view/wire.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { invalidRunId } from '../shell/flags.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { withStore } from './read-store.ts';

export interface DoctorOptions {
  /** Null: all runs. */
  readonly runId: string | null;
  readonly doesRepair: boolean;
  /** Prints lines as soon as they are known, before anything is changed. */
  readonly tell: (lines: readonly string[]) => void;
}

/** Examines runs, and repairs them if requested; returns the report and the exit code. */
export const examineStore = (
  place: Place,
  { runId, doesRepair, tell }: DoctorOptions,
): Promise<{ readonly report: JsonObject; readonly exitCode: ExitCode }> =>
  withStore(place, async (store) => {
    const { care, describe } = store;
    if (care === undefined)
      throw new CliFailure(`${describe} cannot be examined`, {
        hint: 'Only stores that keep runs in files can be examined.',
      });
    if (runId !== null && !isRunId(runId)) throw invalidRunId(runId);
    const runs: JsonObject[] = [];
    const codes: ExitCode[] = [];
    for (const id of runId === null
      ? await must(care.runIds(), { storage: describe })
      : [runId as RunId]) {
      const found = await must(care.examine(id), { runId: id, storage: describe });
      tell(linesOf(found, place, doesRepair));
      const isNamed = runId !== null;
      const isHeld = doesRepair && found.owner !== null && (isNamed || found.state === 'damaged');
      if (isHeld)
        tell([`  not repaired: ${found.owner ?? ''} owns it; stop that process, then repair`]);
      const isToRepair = doesRepair && !isHeld && isRepairable(found);
      const { run, isDamaged } = isToRepair
        ? await repaired(care, found, place, tell)
        : { run: conditionToWire(found), isDamaged: found.state === 'damaged' };
      runs.push(run);
      codes.push(
        isHeld ? exitCodes.ownedElsewhere : isDamaged ? exitCodes.verificationFailed : exitCodes.ok,
      );
    }
    const exitCode =
      [exitCodes.ownedElsewhere, exitCodes.verificationFailed].find((code) =>
        codes.includes(code),
      ) ?? exitCodes.ok;
    return { report: { store: place.storeName, runs }, exitCode };
  });

const repaired = async (
  care: StoreCare,
  { runId }: RunCondition,
  place: Place,
  tell: DoctorOptions['tell'],
): Promise<{ readonly run: JsonObject; readonly isDamaged: boolean }> => {
  const { before, after, setAside } = await must(care.repair(runId), {
    runId,
    storage: place.storeName,
  });
  tell([
    `  repaired: it opens at version ${after.version ?? 0}; ${setAside.length} files are moved aside in its folder`,
    `  continue: ${commandLine(place, 'wait', runId)}`,
  ]);
  return {
    run: { ...conditionToWire(after), repaired: conditionToWire(before), set_aside: setAside },
    isDamaged: after.state === 'damaged',
  };
};

const notRepairable =
  '  it was written by another version of batchor and is not damaged: use that version';
/** True if more than stored objects is damaged. */
const isRunDamaged = ({ damage, payload }: RunCondition): boolean =>
  damage.length > payload.changed.length + payload.lostSums.length;
const isRepairable = (found: RunCondition): boolean => {
  const { state, version, loss, payload } = found;
  if (state !== 'damaged') return false;
  if (isRunDamaged(found)) return loss === null ? version !== null : loss.version !== null;
  return payload.lostSums.length > 0;
};

const linesOf = (found: RunCondition, place: Place, doesRepair: boolean): readonly string[] => {
  const { runId, state, version, owner, damage, payload } = found;
  const owned = owner === null ? 'no owner' : `owned by ${owner}`;
  if (state === 'whole')
    return [
      `run ${runId}: not damaged, at version ${version ?? 0}; ${owned}`,
      ...uncheckedLines(payload),
    ];
  if (state === 'no_run')
    return [
      `run ${runId}: no run yet: its first commit was never completed; its id may be used again`,
    ];
  const opens = version === null ? 'it does not open' : `it opens at version ${version}`;
  return [
    `run ${runId}: damaged; ${opens}; ${owned}`,
    ...damage.map(({ where, what }) => `  ${where}: ${what}`),
    ...(isRunDamaged(found) ? runLines(found, place) : []),
    ...payloadLines(payload, place, runId),
    ...(doesRepair || !isRepairable(found)
      ? []
      : [`  repair: ${commandLine(place, 'doctor', runId, '--repair')}`]),
  ];
};

const runLines = ({ runId, version, loss }: RunCondition, place: Place): readonly string[] =>
  loss === null
    ? [
        version === null
          ? notRepairable
          : '  nothing is lost: a repair moves the damaged files aside',
      ]
    : lossLines(loss, place, runId);

const uncheckedLines = ({ objectCount, uncheckedCount }: PayloadCondition): readonly string[] =>
  uncheckedCount === 0
    ? []
    : [
        `  ${uncheckedCount} of ${objectCount} stored objects have no checksums: changed bytes in them may go undetected`,
      ];

const payloadLines = (
  { changed, lostSums }: PayloadCondition,
  place: Place,
  runId: string,
): readonly string[] => [
  ...(lostSums.length === 0
    ? []
    : [
        `  ${lostSums.length} objects have lost their checksums: a repair computes them again from the stored bytes`,
      ]),
  ...(changed.length === 0
    ? []
    : [
        `  ${changed.length} objects have changed: their rows are neither sent nor returned, and a repair cannot restore the bytes`,
        '  restore those files from a backup',
        `  list the rows: ${commandLine(place, 'verify', runId)}`,
      ]),
];

const lossLines = (
  { version, knownVersion, commitCount, damagedCount, bytes, providerBatchIds }: RunLoss,
  place: Place,
  runId: string,
): readonly string[] => {
  if (version === null)
    return [
      '  no version can be verified, not even the first commit: there is nothing to recover',
      ...(knownVersion === null
        ? []
        : [`  last version known to be acknowledged: ${knownVersion}`]),
      `  restore its files from a backup; or delete the run; its batches then continue at the provider: ${commandLine(place, 'delete', runId, '--abandon')}`,
    ];
  const upTo = knownVersion === null ? '' : `, up to version ${knownVersion} at least`;
  return [
    `  the last verifiable version is ${version}. A repair discards what was committed after it${upTo}:`,
    `  ${commitCount} complete commits and ${damagedCount} damaged records after it, ${bytes} bytes`,
    '  batches created in them continue at the provider and are billed; the run will not know them, and may send and pay for their rows again',
    ...(providerBatchIds.length === 0
      ? []
      : [`  known batches of these: ${providerBatchIds.join(', ')}`]),
  ];
};
