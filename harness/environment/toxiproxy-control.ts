import type { Link } from './environment.js';

const DEADLINE_MS = 2_000;

/** A proxy as Toxiproxy's control API and its configuration file have it. */
export interface ProxyState {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

/** All proxies of a link: one, and in a cluster those of the bus. */
export function proxiesOfLink(link: Link): ProxyState[] {
  return [link, ...(link.bus ?? [])].map(({ proxy, host, port, upstream }) => ({
    name: proxy,
    listen: `${host}:${port}`,
    upstream: `${upstream.host}:${upstream.port}`,
    enabled: true,
  }));
}

/** Every proxy of a Toxiproxy, whoever made it. Rejects when it does not answer within 2 s. */
export async function listProxies(toxiproxyUrl: string): Promise<readonly ProxyState[]> {
  const response = await fetch(`${toxiproxyUrl}/proxies`, { signal: AbortSignal.timeout(DEADLINE_MS) });
  if (!response.ok) throw new Error(`GET /proxies: answer ${response.status}`);
  return Object.values((await response.json()) as Record<string, ProxyState>);
}
