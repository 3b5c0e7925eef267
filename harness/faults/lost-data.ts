import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisNode } from '../environment/environment.js';
import type { Evidence } from './fault.js';
import { onNode, tell } from './node-connection.js';
import { readSettings } from './settings.js';

/** Long enough for any restart; an expired one would pass for a lost one. */
const WITNESS_SECONDS = 600;

/** Where a server keeps what it loads when it starts, and a key by which to see whether it did. */
export interface StoredData {
  readonly files: readonly string[];
  /** `replica`: it gets its data from its master again. `empty`: it has nothing to lose. */
  readonly witness: { readonly key: string } | 'replica' | 'empty';
}

/** Asked while the server still runs. */
export async function findStoredData(node: RedisNode): Promise<StoredData> {
  const { dir, dbfilename, appenddirname } = await readSettings(node, ['dir', 'dbfilename', 'appenddirname']);
  const files = [dbfilename, appenddirname].flatMap((name) => (dir && name ? [join(dir, name)] : []));
  return { files, witness: await addWitness(node) };
}

/** To be called while the server is down. */
export async function removeFiles({ files }: StoredData): Promise<void> {
  for (const path of files) await rm(path, { recursive: true, force: true });
}

/** Looks for the witness in the server that was started again. */
export async function seeLoss(node: RedisNode, { witness }: StoredData): Promise<Evidence> {
  if (witness === 'empty') return { tookHold: false, observed: '; it held nothing that it could lose' };
  if (witness === 'replica') return { tookHold: true, observed: '; a replica, it copies its master anew' };
  const found = await tell(node, 'EXISTS', witness.key).catch(() => undefined);
  return { tookHold: found === 0, observed: `; a key written before is ${found === 0 ? 'gone' : 'still there'}` };
}

/** Beside a key that it has: in a cluster a node takes only keys of its own slots. */
async function addWitness(node: RedisNode): Promise<StoredData['witness']> {
  return onNode(node, async (redis) => {
    const [role] = (await redis.role()) as [string];
    const key = await redis.randomkey();
    if (role !== 'master') return 'replica';
    if (key === null) return 'empty';
    const tag = /\{([^}]+)\}/.exec(key)?.[1] ?? key;
    const witness = `gauntlet:{${tag}}:${randomUUID()}`;
    await redis.set(witness, '', 'EX', WITNESS_SECONDS);
    return { key: witness };
  });
}
