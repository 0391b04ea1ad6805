import type { ServiceProfile } from '../../adapters/openai/config/profiles.ts';

const dayMs = 86_400_000;

const windowsOf = ({ windows }: ServiceProfile): string =>
  windows === null
    ? 'unknown'
    : windows.from === windows.to
      ? windows.from
      : `${windows.from} to ${windows.to}`;

const keptOf = ({ traits }: ServiceProfile): string =>
  traits.resultRetentionMs === null ? 'unknown' : `${traits.resultRetentionMs / dayMs} days`;

/** The row of a service in the table of the guide to providers. */
export const serviceRow = (profile: ServiceProfile): string => {
  const { address, asOf } = profile.documentation;
  const cells = [
    `\`${profile.name}\``,
    windowsOf(profile),
    keptOf(profile),
    profile.lacks.join('; '),
    `[${asOf}](${address})`,
  ];
  return `| ${cells.join(' | ')} |`;
};
