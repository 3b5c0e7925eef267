import type { Environment, RedisNode } from '../environment/environment.js';
import { onNode, tell } from './node-connection.js';

interface Overrides {
  readonly original: string;
  /** What each fault in place asked for, the last one in force. */
  readonly wanted: { readonly by: symbol; readonly value: string }[];
}

const overridesByEnvironment = new WeakMap<Environment, Map<string, Overrides>>();

/**
 * Sets parameters of a node (CONFIG SET) for one holder. Yields how to give them up again: then each is what another holder
 * asked for, or what it was before the first. Twice is safe. Rejects with nothing set.
 */
export async function override(
  environment: Environment,
  node: RedisNode,
  settings: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const all = overridesByEnvironment.get(environment) ?? new Map<string, Overrides>();
  overridesByEnvironment.set(environment, all);
  const by = Symbol('holder');
  const names = Object.keys(settings);
  const before = await readSettings(node, names);
  await writeSettings(node, settings);
  for (const name of names) {
    const place = `${node.name} ${name}`;
    const known = all.get(place) ?? { original: before[name] ?? '', wanted: [] };
    known.wanted.push({ by, value: settings[name] ?? '' });
    all.set(place, known);
  }
  return async () => {
    const restored: Record<string, string> = {};
    for (const name of names) {
      const known = all.get(`${node.name} ${name}`);
      const others = known?.wanted.filter((one) => one.by !== by);
      restored[name] = others?.at(-1)?.value ?? known?.original ?? before[name] ?? '';
    }
    await writeSettings(node, restored);
    for (const name of names) {
      const known = all.get(`${node.name} ${name}`);
      const place = known?.wanted.findIndex((one) => one.by === by) ?? -1;
      if (place >= 0) known?.wanted.splice(place, 1);
      if (known?.wanted.length === 0) all.delete(`${node.name} ${name}`);
    }
  };
}

/** The values as the node reports them, by the names asked for. */
export function readSettings(node: RedisNode, names: readonly string[]): Promise<Record<string, string>> {
  return onNode(node, async (redis) => {
    const values: Record<string, string> = {};
    for (const name of names) {
      const reply: unknown = await redis.config('GET', name);
      if (Array.isArray(reply) && reply.length === 2) values[name] = String(reply[1]);
    }
    return values;
  });
}

/** All of them or none. */
async function writeSettings(node: RedisNode, settings: Readonly<Record<string, string>>): Promise<void> {
  await tell(node, 'CONFIG', 'SET', ...Object.entries(settings).flat());
}
