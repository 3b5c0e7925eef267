import type { ClusterNode } from './cluster-view.js';
import type { Master } from './directory.js';
import { clientAddress, type NatMap } from './network.js';
import { SLOTS } from './slot.js';

interface Owner extends Master {
  readonly nodeId: string;
}

/**
 * Who serves which slot: the claim with the highest config epoch counts, and none lower than one seen before for that slot.
 * (The cluster gives whoever takes a slot over, by failover or by migration, a higher one than the owner before.)
 */
export class ClusterMap {
  readonly #natMap: NatMap;
  readonly #ownerOf: (Owner | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #epochOf: number[] = new Array(SLOTS).fill(-1);
  #owners = new Map<string, Owner>();
  #masters: readonly Owner[] = [];
  #nodes: readonly ClusterNode[] = [];
  /** The claims of the last view that was not outdated: most views bring nothing new, and slots are many. */
  #merged = '';
  #isComplete = false;
  /** From a master to those that had its slots before a failover: they are replicas of it that are not back yet. */
  readonly #predecessors = new Map<string, Set<string>>();

  constructor(natMap: NatMap) {
    this.#natMap = natMap;
  }

  get isComplete(): boolean {
    this.#isComplete ||= this.#ownerOf.every((owner) => owner !== undefined);
    return this.#isComplete;
  }

  get firstUnserved(): number {
    return this.#ownerOf.indexOf(undefined);
  }

  masterOf(slot: number): Master | undefined {
    return this.#ownerOf[slot];
  }

  masters(): readonly Master[] {
    return this.#masters;
  }

  /** Takes in what one node sees. True when {@link masterOf} or {@link masters} has changed. */
  merge(view: readonly ClusterNode[]): boolean {
    const claims = view.filter(({ isMaster, slots }) => isMaster && slots.length > 0);
    const text = claims.map(textOf).sort().join('\n');
    if (text === this.#merged) {
      this.#nodes = view;
      return false;
    }
    if (claims.some((claim) => this.#isOutdated(claim))) {
      this.#merged = '';
      return this.#take(claims);
    }
    this.#noteSuccessions(claims);
    const hasChanged = this.#take(claims);
    this.#nodes = view;
    this.#merged = text;
    return hasChanged;
  }

  /** The replicas that belong to a master, and the masters before it that are not back yet. */
  replicasOf(master: Master): readonly ClusterNode[] {
    const owner = this.#masters.find(({ id }) => id === master.id);
    if (owner === undefined) return [];
    const predecessors = this.#predecessors.get(owner.nodeId) ?? new Set();
    const shardId = this.#nodes.find(({ nodeId }) => nodeId === owner.nodeId)?.shardId ?? '';
    return this.#nodes.filter(({ nodeId, masterId, isMaster, ...node }) => {
      if (nodeId === owner.nodeId || this.#owners.has(nodeId)) return false;
      if (shardId !== '' && node.shardId === shardId) return true;
      return isMaster ? predecessors.has(nodeId) : masterId === owner.nodeId || predecessors.has(masterId);
    });
  }

  #isOutdated({ nodeId, configEpoch, slots }: ClusterNode): boolean {
    return slots.some(([first, last]) => {
      for (let slot = first; slot <= last; slot++) {
        if (this.#ownerOf[slot]?.nodeId !== nodeId && this.#epochOf[slot]! > configEpoch) return true;
      }
      return false;
    });
  }

  #noteSuccessions(claims: readonly ClusterNode[]): void {
    const formerMasterOf = new Map(this.#nodes.map(({ nodeId, masterId }) => [nodeId, masterId]));
    for (const { nodeId } of claims) {
      const former = formerMasterOf.get(nodeId) ?? '';
      if (former === '') continue;
      const inherited = this.#predecessors.get(former) ?? [];
      this.#predecessors.set(nodeId, new Set([...inherited, former]));
    }
  }

  #take(claims: readonly ClusterNode[]): boolean {
    let hasChanged = false;
    for (const { nodeId, announced, configEpoch, slots } of claims) {
      const known = this.#owners.get(nodeId);
      const { host, port } = clientAddress(announced, this.#natMap);
      const id = `${host}:${port}`;
      const isSame = known !== undefined && known.id === id && known.epoch >= configEpoch;
      const owner = isSame ? known : { nodeId, id, host, port, epoch: configEpoch };
      let owns = false;
      for (const [first, last] of slots) {
        for (let slot = first; slot <= last; slot++) {
          const present = this.#ownerOf[slot];
          if (present?.nodeId !== nodeId && configEpoch <= this.#epochOf[slot]!) continue;
          owns = true;
          this.#epochOf[slot] = Math.max(this.#epochOf[slot]!, configEpoch);
          if (present === owner) continue;
          this.#ownerOf[slot] = owner;
          hasChanged = true;
        }
      }
      if (owns) this.#owners.set(nodeId, owner);
    }
    if (hasChanged) {
      // A node's slots all point to one object; those that it did not claim this time keep up with it.
      for (let slot = 0; slot < SLOTS; slot++) {
        const nodeId = this.#ownerOf[slot]?.nodeId;
        if (nodeId !== undefined) this.#ownerOf[slot] = this.#owners.get(nodeId);
      }
      this.#masters = [...new Set(this.#ownerOf)].filter((one) => one !== undefined);
      this.#owners = new Map(this.#masters.map((one) => [one.nodeId, one]));
    }
    return hasChanged;
  }
}

function textOf({ nodeId, announced, configEpoch, slots }: ClusterNode): string {
  return `${nodeId} ${announced} ${configEpoch} ${slots.join(' ')}`;
}
