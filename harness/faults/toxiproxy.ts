/** Control of one Toxiproxy server: a thin wrapper that adds deadlines to toxiproxy-node-client. */
export interface Toxiproxy {
  version(): Promise<string>;
  createProxy(name: string, listen: string, upstream: string): Promise<void>;
  removeProxy(name: string): Promise<void>;
  setEnabled(name: string, enabled: boolean): Promise<void>;
  addToxic(proxy: string, toxic: ToxicSpec): Promise<void>;
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
