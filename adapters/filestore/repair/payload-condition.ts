import { objectsWithLostSums } from '../../../lib/core/settle/raw-object.ts';
import type { Damage, PayloadCondition } from '../../../lib/ports/store-care.ts';
import { type CheckedObject, checkObjects, objectsUnder } from '../../filesystem/index.ts';

/** The condition of a run's objects, and which of them need new checksums. */
export interface ExaminedPayload {
  readonly condition: PayloadCondition;
  readonly toRenew: readonly string[];
}

/** Reads every object under the folder completely. Throws I/O errors. */
export const examinePayload = async (root: string): Promise<ExaminedPayload> => {
  const objects = await checkObjects(root, await objectsUnder(root));
  const lost = new Set(
    objectsWithLostSums(objects.map(({ name, sums }) => ({ name, hasSums: sums !== 'none' }))),
  );
  const changed = objects.flatMap((object): readonly Damage[] =>
    object.changed === null ? [] : [changeIn(object, object.changed)],
  );
  const toRenew = objects.filter(({ name, sums }) => sums === 'damaged' || lost.has(name));
  const lostSums = toRenew.map(({ path, sums }) => ({
    where: path,
    what: `its checksums are ${sums === 'damaged' ? 'damaged' : 'gone'}`,
  }));
  const uncheckedCount = objects.filter(({ sums }) => sums !== 'whole').length;
  return {
    condition: { objectCount: objects.length, uncheckedCount, changed, lostSums },
    toRenew: toRenew.map(({ name }) => name),
  };
};

const changeIn = (
  { path }: CheckedObject,
  { offset, length }: NonNullable<CheckedObject['changed']>,
): Damage => ({
  where: `${path}:${offset}`,
  what: `bytes ${offset}+${length} have changed since they were stored`,
});
