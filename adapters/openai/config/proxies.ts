type Env = Readonly<Record<string, string | undefined>>;

/** The proxy variable of the environment that applies to the address; null when none does. Loopback is never proxied, as in Go's net/http. */
export const proxyVariableFor = (url: URL, env: Env): string | null => {
  const host = url.hostname.replace(/^\[|\]$/gu, '').toLowerCase();
  if (host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/u.test(host)) return null;
  const names = [url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY', 'ALL_PROXY'];
  const found = names.flatMap((name) => [name.toLowerCase(), name]).find((name) => (env[name] ?? '').trim() !== '');
  if (found === undefined) return null;
  return isExempt(host, url, env['no_proxy'] ?? env['NO_PROXY'] ?? '') ? null : found;
};

/** NO_PROXY as curl reads it: names that match themselves and all below them, an optional port, `*` for all. */
const isExempt = (host: string, url: URL, noProxy: string): boolean => {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return noProxy.split(/[\s,]+/u).some((entry) => {
    if (entry === '*') return true;
    const match = /^(.+?)(?::(\d+))?$/u.exec(entry.toLowerCase());
    if (match === null || (match[2] !== undefined && match[2] !== port)) return false;
    const name = (match[1] ?? '').replace(/^\*?\./u, '');
    return name !== '' && (host === name || host.endsWith(`.${name}`));
  });
};
