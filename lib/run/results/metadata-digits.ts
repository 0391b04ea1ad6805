import { memberText, membersIn, withMembers } from '../../core/json/json-members.ts';
import { mayRespell } from '../../core/json/json-numbers.ts';

/** The member of the metadata that tells the origin of a row. */
export const lineageKey = 'batchor_lineage';

const none: ReadonlyMap<string, string> = new Map();

/**
 * Fields of the metadata in which a number is written otherwise than JavaScript would (`19.90`), as
 * JSON, by the stored line of the row.
 */
export const metadataDigits = (itemLine: string | undefined): ReadonlyMap<string, string> => {
  const metadata = metadataTextIn(itemLine);
  if (metadata === null) return none;
  return new Map(
    membersIn(metadata).flatMap(({ name, valueFrom, to }) => {
      const text = metadata.slice(valueFrom, to);
      return JSON.stringify(JSON.parse(text)) !== text ? [[name, text]] : [];
    }),
  );
};

/** The user's metadata as it is stored; null: JavaScript writes it alike. */
export const ownMetadataText = (itemLine: string | undefined): string | null => {
  const metadata = metadataTextIn(itemLine);
  return metadata === null ? null : withMembers(metadata, new Map([[lineageKey, null]]));
};

/** Null where no number of the line can be written otherwise. */
const metadataTextIn = (itemLine: string | undefined): string | null =>
  itemLine === undefined || !mayRespell(itemLine) ? null : memberText(itemLine, 'metadata');
