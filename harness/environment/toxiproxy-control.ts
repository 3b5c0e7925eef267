/** What an environment needs to know of a Toxiproxy server; what faults do with it is theirs (`harness/faults`). */

const DEADLINE_MS = 2_000;

export interface ProxyState {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

export async function listProxies(toxiproxyUrl: string): Promise<readonly ProxyState[]> {
  const response = await request(toxiproxyUrl, 'GET', '/proxies');
  return Object.values((await response.json()) as Record<string, ProxyState>);
}

export async function toxiproxyVersion(toxiproxyUrl: string): Promise<string> {
  const response = await request(toxiproxyUrl, 'GET', '/version');
  return ((await response.json()) as { version: string }).version;
}

/** Rejects with Toxiproxy's own words, such as `listen tcp 127.0.0.1:26000: bind: address already in use`. */
export async function createProxy(toxiproxyUrl: string, proxy: Omit<ProxyState, 'enabled'>): Promise<void> {
  await request(toxiproxyUrl, 'POST', '/proxies', { ...proxy, enabled: true });
}

/** One that is not there is removed already. */
export async function removeProxy(toxiproxyUrl: string, name: string): Promise<void> {
  await request(toxiproxyUrl, 'DELETE', `/proxies/${encodeURIComponent(name)}`, undefined, [404]);
}

async function request(
  toxiproxyUrl: string,
  method: string,
  path: string,
  body?: object,
  accepted: readonly number[] = [],
): Promise<Response> {
  const response = await fetch(`${toxiproxyUrl}${path}`, {
    method,
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (response.ok || accepted.includes(response.status)) return response;
  throw new Error(`${method} ${path}: ${response.status} ${(await response.text()).trim()}`);
}
