import { Toxiproxy as Client } from 'toxiproxy-node-client';
import { FaultError } from './fault-error.js';
import { ToxiproxyHttp, ToxiproxyRefusal } from './toxiproxy-http.js';

/** Control of one Toxiproxy server: a thin wrapper that adds deadlines to toxiproxy-node-client. */
export interface Toxiproxy {
  version(): Promise<string>;
  createProxy(name: string, listen: string, upstream: string): Promise<void>;
  removeProxy(name: string): Promise<void>;
  /** `false`: connections are closed and new ones refused. */
  setEnabled(name: string, enabled: boolean): Promise<void>;
  addToxic(proxy: string, toxic: ToxicSpec): Promise<void>;
  /**
   * Removes a toxic. One that is already gone is no error. Where the removal hangs (Toxiproxy#558: it waits for ever for
   * a connection that is no longer read) the proxy is made anew at the same address with its other toxics, which closes
   * its connections.
   */
  removeToxic(proxy: string, toxicName: string): Promise<void>;
  listToxics(proxy: string): Promise<readonly string[]>;
}

export interface ToxicSpec {
  readonly name: string;
  readonly type: 'latency' | 'bandwidth' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data' | 'slow_close';
  readonly stream: 'upstream' | 'downstream';
  readonly toxicity: number;
  readonly attributes: Readonly<Record<string, number>>;
}

export interface ToxiproxyAddress {
  readonly host: string;
  readonly port: number;
}

/** Toxiproxy answers in about a millisecond; one that needs longer than this hangs. */
const DEADLINE_MS = 2000;

/** Opens nothing: every call is one HTTP request, answered or given up within `deadlineMs`. Throws {@link FaultError}. */
export function connectToxiproxy(address: ToxiproxyAddress, deadlineMs = DEADLINE_MS): Toxiproxy {
  return new ToxiproxyControl(address, deadlineMs);
}

/** What is needed to make a proxy anew when its control has locked up and can no longer be asked. */
interface KnownProxy {
  readonly listen: string;
  readonly upstream: string;
  enabled: boolean;
  readonly toxics: Map<string, ToxicSpec>;
}

class ToxiproxyControl implements Toxiproxy {
  readonly #client: Client;
  readonly #known = new Map<string, KnownProxy>();

  constructor({ host, port }: ToxiproxyAddress, deadlineMs: number) {
    this.#client = new Client(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    this.#client.api = new ToxiproxyHttp(deadlineMs);
  }

  async version(): Promise<string> {
    const text = await this.#client.getVersion();
    // 2.12 answers {"version": "2.12.0"}, older ones the bare number.
    const quoted = /"version":\s*"([^"]*)"/.exec(text);
    return (quoted?.[1] ?? text).trim();
  }

  async createProxy(name: string, listen: string, upstream: string): Promise<void> {
    refuseUnsafe(name);
    const proxy = await this.#client.createProxy({ name, listen, upstream, enabled: true });
    this.#known.set(name, { listen: proxy.listen, upstream, enabled: true, toxics: new Map() });
  }

  async removeProxy(name: string): Promise<void> {
    refuseUnsafe(name);
    await ignoreMissing(this.#client.api.delete(`${this.#client.host}/proxies/${name}`));
    this.#known.delete(name);
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    const known = await this.#knownProxy(name);
    const proxy = await this.#client.get(name);
    await proxy.update({ enabled, listen: proxy.listen, upstream: proxy.upstream });
    known.enabled = enabled;
  }

  async addToxic(name: string, toxic: ToxicSpec): Promise<void> {
    refuseUnsafe(toxic.name);
    const known = await this.#knownProxy(name);
    const proxy = await this.#client.get(name);
    known.toxics.set(toxic.name, toxic);
    try {
      await proxy.addToxic({ ...toxic });
    } catch (error) {
      // A call given up on may still have added it: then it is remembered, so that a removal finds it.
      if (!(error instanceof FaultError && error.code === 'toxiproxy-timeout')) known.toxics.delete(toxic.name);
      throw error;
    }
  }

  async removeToxic(name: string, toxicName: string): Promise<void> {
    refuseUnsafe(toxicName);
    const known = await this.#knownProxy(name);
    try {
      await this.#client.api.delete(`${this.#client.host}/proxies/${name}/toxics/${toxicName}`);
      known.toxics.delete(toxicName);
    } catch (error) {
      const hangs = error instanceof FaultError && error.code === 'toxiproxy-timeout';
      if (!hangs && !isMissing(error)) throw error;
      known.toxics.delete(toxicName);
      // The proxy itself is missing where making it anew failed halfway the last time.
      if (hangs || !(await this.#exists(name))) await this.#recreate(name, known);
    }
  }

  async listToxics(name: string): Promise<readonly string[]> {
    refuseUnsafe(name);
    const toxics = await this.#client.api.get<readonly { name: string }[]>(
      `${this.#client.host}/proxies/${name}/toxics`,
    );
    return toxics.data.map((toxic) => toxic.name);
  }

  async #recreate(name: string, known: KnownProxy): Promise<void> {
    const { listen, upstream } = known;
    await ignoreMissing(this.#client.api.delete(`${this.#client.host}/proxies/${name}`));
    const proxy = await this.#client.createProxy({ name, listen, upstream, enabled: known.enabled });
    for (const toxic of known.toxics.values()) await proxy.addToxic({ ...toxic });
  }

  async #exists(name: string): Promise<boolean> {
    try {
      await this.#client.get(name);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async #knownProxy(name: string): Promise<KnownProxy> {
    refuseUnsafe(name);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { listen, upstream, enabled } = await this.#client.get(name);
    const found: KnownProxy = { listen, upstream, enabled, toxics: new Map() };
    this.#known.set(name, found);
    return found;
  }
}

/** toxiproxy-node-client puts names into URL paths as they are. */
function refuseUnsafe(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return;
  throw new FaultError(
    'unsafe-name',
    `"${name}" cannot name a proxy or a toxic: use letters, digits, dots, dashes and underscores`,
  );
}

async function ignoreMissing(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ToxiproxyRefusal && error.status === 404;
}
