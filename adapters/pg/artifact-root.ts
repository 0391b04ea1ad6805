import { randomUUID } from 'node:crypto';
import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import { PayloadError } from '../../lib/ports/payload-error.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import type { Session } from './session.ts';

/** What an artifact root calls itself, whatever path it has on whichever machine. */
const rootObject = 'batchor-root.json';
/** Under which name the store remembers the root that its runs lie under. */
const setting = 'artifact_root';

/** The root's id; null where it has none yet. */
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
    return left<PortError>({ type: 'corrupt', message: `${artifacts.describe}: ${rootObject} names no id`, where: rootObject });
  };

/** Left where the folder is no longer that root: unmounted, say, or moved away below this process. */
export const rootStands =
  (artifacts: ArtifactStore, id: string | null): Port<void> =>
  async () => {
    const known = await readRoot(artifacts)();
    if (isLeft(known)) return known;
    if (known.right === id) return right(undefined);
    const message = `${artifacts.describe} is no longer the artifact root that it was: is it still mounted?`;
    return left({ type: 'unavailable', message, cause: null });
  };

const makeRoot =
  (artifacts: ArtifactStore): Port<string> =>
  async () => {
    const id = randomUUID();
    const put = await artifacts.put(rootObject, [Buffer.from(`${JSON.stringify({ id })}\n`)])();
    if (!isLeft(put)) return right(id);
    // Somebody else was faster: theirs it is.
    const theirs = await readRoot(artifacts)();
    return isLeft(theirs) || theirs.right === null ? put : right(theirs.right);
  };

const askStore = (session: Session, mine: string | null): Port<string | null> =>
  session.ask(async (ask) => {
    if (mine !== null)
      await ask(`insert into ${session.schema}.settings (name, value) values ($1, $2) on conflict (name) do nothing`, [setting, mine]);
    const { rows } = await ask(`select value from ${session.schema}.settings where name = $1`, [setting]);
    return right((rows[0]?.[0] as string | undefined) ?? null);
  });

/**
 * The id of the root that all runs of the store lie under. The first run decides it; from then on another root is refused: a run
 * would not find its payloads there, or would leave its own where no other process finds them.
 */
export const rootOfStore =
  (session: Session, artifacts: ArtifactStore): Port<string> =>
  async () => {
    const given = await readRoot(artifacts)();
    if (isLeft(given)) return given;
    const known = await askStore(session, null)();
    if (isLeft(known)) return known;
    if (known.right !== null) return given.right === known.right ? right(known.right) : left(otherRoot(session, artifacts, given.right));
    const mine = given.right === null ? await makeRoot(artifacts)() : right(given.right);
    if (isLeft(mine)) return mine;
    const agreed = await askStore(session, mine.right)();
    if (isLeft(agreed)) return agreed;
    return agreed.right === mine.right ? right(mine.right) : left(otherRoot(session, artifacts, mine.right));
  };

const otherRoot = ({ describe }: Session, artifacts: ArtifactStore, given: string | null): PortError => ({
  type: 'other_root',
  message:
    given === null
      ? `${describe}: its runs keep their payloads elsewhere: ${artifacts.describe} is empty (is it mounted?)`
      : `${describe}: its runs keep their payloads elsewhere: ${artifacts.describe} is another artifact root (${given})`,
});
