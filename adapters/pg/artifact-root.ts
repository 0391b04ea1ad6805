import { randomUUID } from 'node:crypto';
import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import { PayloadError } from '../../lib/ports/payload-error.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import type { Session } from './session.ts';

/** The object that holds an artifact root's id, independent of its path. */
const rootObject = 'batchor-root.json';
/** The setting that names the artifact root of the store. */
const setting = 'artifact_root';

/** The root's id; null: it has none yet. */
const readRoot =
  (artifacts: ArtifactStore): Port<string | null> =>
  async () => {
    const chunks = await artifacts.read(rootObject)();
    if (isLeft(chunks)) return chunks.left.type === 'not_found' ? right(null) : chunks;
    try {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks.right) parts.push(chunk);
      const { id } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { readonly id?: unknown };
      if (typeof id === 'string' && id !== '') return right(id);
    } catch (cause) {
      if (cause instanceof PayloadError) return left(cause.error);
      return left<PortError>({
        type: 'unavailable',
        message: `${artifacts.describe}: ${rootObject} cannot be read: ${String(cause)}`,
        cause,
      });
    }
    return left<PortError>({
      type: 'corrupt',
      message: `${artifacts.describe}: ${rootObject} does not contain an id`,
      where: rootObject,
    });
  };

/** Left when the folder is no longer that root, for example after an unmount. */
export const rootStands =
  (artifacts: ArtifactStore, id: string | null): Port<void> =>
  async () => {
    const known = await readRoot(artifacts)();
    if (isLeft(known)) return known;
    if (known.right === id) return right(undefined);
    const message = `${artifacts.describe} is no longer the artifact root of this store: check that it is mounted`;
    return left({ type: 'unavailable', message, cause: null });
  };

const makeRoot =
  (artifacts: ArtifactStore): Port<string> =>
  async () => {
    const id = randomUUID();
    const put = await artifacts.put(rootObject, [Buffer.from(`${JSON.stringify({ id })}\n`)])();
    if (!isLeft(put)) return right(id);
    // Another process created the id first: use that one.
    const theirs = await readRoot(artifacts)();
    return isLeft(theirs) || theirs.right === null ? put : right(theirs.right);
  };

const readSetting = (session: Session, mine: string | null): Port<string | null> =>
  session.query(async (query) => {
    if (mine !== null)
      await query(
        `insert into ${session.schema}.settings (name, value) values ($1, $2) on conflict (name) do nothing`,
        [setting, mine],
      );
    const { rows } = await query(`select value from ${session.schema}.settings where name = $1`, [
      setting,
    ]);
    return right((rows[0]?.[0] as string | undefined) ?? null);
  });

/**
 * The id of the artifact root of the store. The first run sets it; a different root is an error. In
 * a different root a run would not find its payloads, or would leave new ones where no other
 * process finds them.
 */
export const rootOfStore =
  (session: Session, artifacts: ArtifactStore): Port<string> =>
  async () => {
    const given = await readRoot(artifacts)();
    if (isLeft(given)) return given;
    const known = await readSetting(session, null)();
    if (isLeft(known)) return known;
    if (known.right !== null)
      return given.right === known.right
        ? right(known.right)
        : left(otherRoot(session, artifacts, given.right));
    const mine = given.right === null ? await makeRoot(artifacts)() : right(given.right);
    if (isLeft(mine)) return mine;
    const agreed = await readSetting(session, mine.right)();
    if (isLeft(agreed)) return agreed;
    return agreed.right === mine.right
      ? right(mine.right)
      : left(otherRoot(session, artifacts, mine.right));
  };

const otherRoot = (
  { describe }: Session,
  artifacts: ArtifactStore,
  given: string | null,
): PortError => ({
  type: 'other_root',
  message:
    given === null
      ? `${describe}: its runs keep their payloads in another artifact root: ${artifacts.describe} is empty (is it mounted?)`
      : `${describe}: its runs keep their payloads in another artifact root: ${artifacts.describe} is root ${given}`,
});
