/** One node as another one (or it itself) sees it. */
export interface ClusterNode {
  readonly nodeId: string;
  /** `host:port` as announced. */
  readonly announced: string;
  readonly isMaster: boolean;
  /** A majority of the masters has agreed that it is down. */
  readonly isFailed: boolean;
  /** Node id of its master; '' for a master. */
  readonly masterId: string;
  readonly configEpoch: number;
  /** First and last slot of each range that it serves. */
  readonly slots: readonly (readonly [first: number, last: number])[];
  /** From Redis 7.2 on: the same for a master and its replicas, whoever of them is master. */
  readonly shardId: string;
}

/** Reads the reply to CLUSTER NODES. `asked`: where it was asked, since a node need not know its own address. */
export function parseClusterNodes(
  reply: string,
  asked: { readonly host: string; readonly port: number },
): ClusterNode[] {
  const nodes: ClusterNode[] = [];
  for (const line of reply.split('\n')) {
    const [nodeId, address, flagList = '', masterId = '', , , epoch, , ...slots] = line.trim().split(' ');
    if (nodeId === undefined || address === undefined || epoch === undefined) continue;
    const flags = flagList.split(',');
    if (flags.includes('noaddr') || flags.includes('handshake')) continue;
    const [place = '', ...aux] = address.split(',');
    const announced = place.replace(/@\d+$/, '');
    nodes.push({
      nodeId,
      announced: announced.startsWith(':') ? `${asked.host}${announced}` : announced,
      isMaster: flags.includes('master'),
      isFailed: flags.includes('fail'),
      masterId: masterId === '-' ? '' : masterId,
      configEpoch: Number(epoch),
      slots: slots.filter((range) => !range.startsWith('[')).map(parseRange),
      shardId: aux.find((field) => field.startsWith('shard-id='))?.slice('shard-id='.length) ?? '',
    });
  }
  return nodes;
}

function parseRange(range: string): readonly [number, number] {
  const [first, last = first] = range.split('-').map(Number);
  return [first!, last!];
}
