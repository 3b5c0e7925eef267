/** What the relay process reads from its configuration file. */
export interface BusRelayConfig {
  readonly dir: string;
  readonly routes: readonly BusRoute[];
}

/** The bus of one node as the others reach it. */
export interface BusRoute {
  /** That the node announces. */
  readonly listenPort: number;
  /** From the announced client port of the node that connects to the port of its proxy. */
  readonly proxyPorts: Readonly<Record<string, number>>;
}

/** In the relay's folder; holds the pid of the relay that listens on every port. */
export const READY_FILE = 'bus-relay.pid';

const SIGNATURE = 'RCmb';
const PORT_OFFSET = 10;

/**
 * Announced client port of the sender, from the head of a bus packet (`clusterMsg` of cluster.h: signature, total length,
 * version, port). Undefined while too little has arrived; 0 when it is no such packet.
 */
export function readSourcePort(head: Buffer): number | undefined {
  if (head.length < PORT_OFFSET + 2) return undefined;
  return head.toString('latin1', 0, SIGNATURE.length) === SIGNATURE ? head.readUInt16BE(PORT_OFFSET) : 0;
}
