import { isJsonObject } from '../../lib/core/json/json.ts';
import type { LoadedEnv } from './env-file.ts';
import { CliFailure } from './failure.ts';

export type Headers = Readonly<Record<string, string>>;

const variable = 'BATCHOR_HEADERS';

/**
 * The headers of `BATCHOR_HEADERS` and of `--header`, which wins, by names in small letters. Values
 * are secrets: no message repeats one.
 */
export const headersOf = (flags: readonly string[], { env }: LoadedEnv): Headers => ({
  ...Object.fromEntries(fromEnv(env[variable]?.trim() ?? '')),
  ...Object.fromEntries(
    onceEach(
      '--header',
      flags.map((text) => headerIn('--header', text)),
    ),
  ),
});

type Header = readonly [name: string, value: string];

const fromEnv = (text: string): readonly Header[] => {
  if (text === '') return [];
  if (!text.startsWith('{'))
    return onceEach(
      variable,
      text
        .split(/\r?\n/u)
        .flatMap((line) => (line.trim() === '' ? [] : [headerIn(variable, line)])),
    );
  const parsed = jsonIn(text);
  const entries = isJsonObject(parsed) ? Object.entries(parsed) : null;
  if (entries === null || entries.some(([, value]) => typeof value !== 'string'))
    throw new CliFailure(`${variable} is not a JSON object of strings`, {
      hint: `For example {"x-gateway-key":"VALUE"}, or one line NAME=VALUE per header.`,
    });
  return onceEach(
    variable,
    entries.map(([name, value]) => checked(variable, name, String(value))),
  );
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

const headerIn = (from: string, text: string): Header => {
  const at = text.indexOf('=');
  if (at > 0) return checked(from, text.slice(0, at), text.slice(at + 1));
  throw new CliFailure(`${from} must be NAME=VALUE`, {
    hint:
      from === variable
        ? 'Give one header per line, NAME=VALUE with = and not a colon, or a JSON object: {"x-gateway-key":"VALUE"}'
        : 'For example --header x-gateway-key=VALUE, with = and not a colon.',
  });
};

/** Headers that the transport sets itself. */
const ownNames =
  /^(?:host|connection|keep-alive|te|trailer|upgrade|expect|content-.*|transfer-.*|accept-encoding|proxy-.*)$/u;

const checked = (from: string, given: string, text: string): Header => {
  const [name, value] = [given.trim().toLowerCase(), text.trim()];
  // An invalid name may contain the secret value, so it is not repeated.
  if (!/^[!#$%&'*+.^`|~\w-]+$/u.test(name))
    throw new CliFailure(`${from}: the part before = is not a header name`, {
      hint: 'A name has letters, digits and dashes: x-gateway-key',
    });
  if (ownNames.test(name))
    throw new CliFailure(`${from}: ${name} is set by batchor itself`, { hint: 'Leave it out.' });
  if (!/^[\x20-\x7e]+$/u.test(value))
    throw new CliFailure(
      `${from}: the value of ${name} is empty or contains a character that headers cannot have`,
      {
        hint: 'Check that you copied the complete value.',
      },
    );
  return [name, value];
};

const onceEach = (from: string, headers: readonly Header[]): readonly Header[] => {
  const twice = headers.find(([name], i) => headers.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined)
    throw new CliFailure(`${from}: ${twice[0]} is given twice`, { hint: 'Give it once.' });
  return headers;
};

/** True if one of the headers carries a key. */
export const carryKey = (headers: Headers): boolean =>
  ['authorization', 'api-key', 'x-api-key', 'x-goog-api-key'].some((name) =>
    Object.hasOwn(headers, name),
  );
