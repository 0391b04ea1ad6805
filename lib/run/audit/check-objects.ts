import { type Either, isLeft, right } from 'fp-ts/lib/Either.js';
import { batchKeyOfObject, objectsWithLostSums } from '../../core/settle/raw-object.ts';
import type { ObjectCheck } from '../../ports/artifacts.ts';
import type { PortError } from '../../ports/port-error.ts';
import { messageOf } from '../../effects/faults.ts';
import { must } from '../api/interop.ts';
import type { Verification } from './verification.ts';
import type { AuditContext } from './audit-context.ts';

/**
 * Checks every object of the run against the law `objects`. Reads all bytes, one object at a time.
 */
export const checkObjects = async ({
  reader,
  counts,
  pageChecked,
}: AuditContext): Promise<Verification['objects']> => {
  const { artifacts, runId } = reader;
  const check = ({
    name,
    bytes,
  }: {
    readonly name: string;
    readonly bytes: number;
  }): Promise<Either<PortError, ObjectCheck>> =>
    artifacts.check?.(name)() ?? Promise.resolve(right({ bytes, hasSums: false, changed: null }));
  const checkedObjects: { readonly name: string; readonly hasSums: boolean }[] = [];
  for (const { name, bytes } of await must(artifacts.list(''), { runId })) {
    const found = await check({ name, bytes });
    // Removed meanwhile. If that is an error, what refers to it reports it.
    if (isLeft(found) && found.left.type === 'not_found') continue;
    counts.checked('objects');
    checkedObjects.push({ name, hasSums: isLeft(found) || found.right.hasSums });
    const fault = isLeft(found) ? messageOf(found.left) : changeIn(found.right);
    if (fault !== null)
      counts.broken('objects', `object ${name}: ${fault}`, { batchKey: batchKeyOfObject(name) });
    pageChecked(0);
  }
  for (const name of objectsWithLostSums(checkedObjects)) {
    // A new object has its name a moment before its checksums.
    const again = await check({ name, bytes: 0 });
    if (isLeft(again) || again.right.hasSums) continue;
    counts.broken(
      'objects',
      `object ${name} has lost its checksums: others of its owner have theirs`,
      {
        batchKey: batchKeyOfObject(name),
      },
    );
  }
  return {
    count: checkedObjects.length,
    uncheckedCount: checkedObjects.filter(({ hasSums }) => !hasSums).length,
  };
};

const changeIn = ({ changed }: ObjectCheck): string | null =>
  changed === null
    ? null
    : `bytes ${changed.offset}+${changed.length} have changed since they were stored`;
