import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { type BusRelayConfig, READY_FILE, readSourcePort } from './bus-relay-protocol.js';

/**
 * Entry point of the process before the bus of a Redis Cluster. A node announces one address to all others, so a proxy
 * there cannot tell who connects, and could cut a node off in one direction only; the others would go on hearing it, and
 * nobody would hold it for failing. The relay reads the sender from the first packet of each connection and passes it on
 * to the proxy of that very sender.
 */
const { routes, dir }: BusRelayConfig = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const HOST = '127.0.0.1';
let missing = routes.length;

for (const { listenPort, proxyPorts } of routes) {
  const server = createServer((incoming) => accept(incoming, proxyPorts));
  server.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  server.listen(listenPort, HOST, () => {
    missing--;
    if (missing === 0) writeFileSync(`${dir}/${READY_FILE}`, String(process.pid));
  });
}
process.on('SIGTERM', () => process.exit(0));

function accept(incoming: Socket, proxyPorts: Readonly<Record<string, number>>): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const source = readSourcePort(head);
    if (source === undefined) return;
    incoming.off('data', onData);
    incoming.pause();
    const port = proxyPorts[source];
    if (port === undefined) incoming.destroy();
    else join(incoming, createConnection({ host: HOST, port }), head);
  };
  incoming.setNoDelay(true);
  incoming.on('error', () => {});
  incoming.on('data', onData);
}

function join(incoming: Socket, outgoing: Socket, head: Buffer): void {
  outgoing.setNoDelay(true);
  outgoing.on('error', () => {});
  outgoing.on('close', () => incoming.destroy());
  incoming.on('close', () => outgoing.destroy());
  outgoing.write(head);
  incoming.pipe(outgoing);
  outgoing.pipe(incoming);
}
