import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrokerEvent, type BrokerOptions, MessageBroker } from '../../../../broker/index.js';
import { Disposal } from '../../../../harness/environment/disposal.js';
import { RedisServer } from '../../../fixtures/redis-server.js';

const disposal = new Disposal();
let server: RedisServer;
let guarded: RedisServer;
let tlsPort: number;
let httpPort: number;
let ca: Buffer;

beforeAll(async () => {
  server = disposal.use(await RedisServer.start());
  guarded = disposal.use(await RedisServer.start());
  await using client = guarded.client();
  await client.redis.config('SET', 'requirepass', 'right');
  const read = (name: string) => readFile(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
  ca = await read('localhost.crt');
  // What a Redis with TLS looks like from outside, whether the one at hand was built with it or not.
  const tls = createTlsServer({ cert: ca, key: await read('localhost.key') }, (socket) => {
    pipeBoth(socket, connectTcp(server.port, server.host));
  });
  tls.on('tlsClientError', (_, socket) => socket.destroy());
  tlsPort = await listen(tls);
  httpPort = await listen(createHttpServer());
});
afterAll(() => disposal[Symbol.asyncDispose]());

function pipeBoth(socket: Socket, upstream: Socket): void {
  for (const [one, other] of [[socket, upstream] as const, [upstream, socket] as const]) {
    one.pipe(other);
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
}

async function listen(listener: Server): Promise<number> {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  disposal.defer(async () => void listener.close());
  return (listener.address() as AddressInfo).port;
}

/** Longer than the test may take: who waits that long has not noticed that waiting is useless. */
const FOR_EVER_MS = 600_000;

function connect(redis: BrokerOptions['redis'], options: Partial<BrokerOptions> = {}): Promise<MessageBroker> {
  return MessageBroker.connect({ redis, connectTimeoutMs: FOR_EVER_MS, ...options });
}

const local = (port: number) => ({ host: '127.0.0.1', port });

describe('connecting fails at once', () => {
  it.each([
    ['without the password', {}, /NOAUTH/],
    ['with a wrong one', { password: 'wrong' }, /WRONGPASS/],
    ['with an unknown user', { username: 'nobody', password: 'right' }, /WRONGPASS/],
  ] as const)('%s', async (_, credentials, message) => {
    await expect(connect({ ...guarded.address, ...credentials })).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(message),
    });
  });

  it('where the certificate is not trusted', async () => {
    await expect(connect({ ...local(tlsPort), tls: true })).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining(`127.0.0.1:${tlsPort}`),
    });
  });

  it('where the server expects TLS', async () => {
    await expect(connect(local(tlsPort))).rejects.toMatchObject({
      code: 'protocol',
      message: `127.0.0.1:${tlsPort}: the server seems to expect TLS: set 'tls'`,
    });
  });

  it('where the server does not speak TLS', async () => {
    await expect(connect({ ...server.address, tls: true })).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringMatching(`127.0.0.1:${server.port}: .*(does not speak TLS|no TLS there).*'tls' out`),
    });
  });

  it.each([
    ['expects', {}, () => tlsPort],
    ['does not speak', { tls: true }, () => server.port],
  ] as const)('where every node that is listed %s TLS', async (_, tls, port) => {
    const node = local(port());
    const protocol = { code: 'protocol', message: expect.stringContaining(`${node.host}:${node.port}`) };
    await expect(connect({ cluster: [node], ...tls })).rejects.toMatchObject(protocol);
    await expect(connect({ sentinels: [node], master: 'm', ...tls })).rejects.toMatchObject(protocol);
  });

  it('where something else answers than Redis', async () => {
    await expect(connect(local(httpPort))).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('no Redis answers there'),
    });
  });

  const unfit: readonly (readonly [string, readonly string[], Partial<BrokerOptions>, number, RegExp])[] = [
    ['that evicts', ['--maxmemory-policy', 'allkeys-lru'], {}, 0, /maxmemory-policy is 'allkeys-lru'.*noeviction/],
    ['without replicas', ['--appendonly', 'yes'], { durability: 'replicated' }, 0, /it has no replicas/],
    ['without AOF', [], { durability: 'replicated' }, 1, /appendonly is 'no'/],
    ['that syncs too rarely', ['--appendonly', 'yes'], { durability: 'fsync' }, 0, /appendfsync is 'everysec'/],
  ];
  it.each(unfit)('to a server %s', async (_, args, options, replicas, message) => {
    await using unfitServer = await RedisServer.start(...args);
    await expect(connect({ ...unfitServer.address, replicas }, options)).rejects.toMatchObject({
      code: 'unsupported-server',
      message: expect.stringMatching(message),
    });
  });
});

it('a server that is too old is refused at once', async () => {
  // As old as it says: the real one's answers, with another version of the same length.
  const old = createServer((socket) => {
    const upstream = connectTcp(server.port, server.host);
    socket.on('error', () => {}).on('close', () => upstream.destroy());
    upstream.on('error', () => {}).on('close', () => socket.destroy());
    socket.pipe(upstream);
    upstream.on('data', (data) => {
      socket.write(data.toString('latin1').replace(/redis_version:\d/, 'redis_version:6'), 'latin1');
    });
  });
  const port = await listen(old);
  await expect(connect(local(port))).rejects.toMatchObject({
    code: 'unsupported-server',
    message: expect.stringMatching(`^127\\.0\\.0\\.1:${port}: Redis 6\\..*: 7\\.0 or later is needed`),
  });
});

it('a server that is not there yet, behind a proxy that accepts and closes, is waited for', async () => {
  const upstream = await RedisServer.start();
  disposal.use(upstream);
  let isUp = false;
  let refused = 0;
  const proxy = createServer((socket) => {
    socket.on('error', () => {});
    if (isUp) pipeBoth(socket, connectTcp(upstream.port, upstream.host));
    else socket.destroy();
    if (++refused === 10) isUp = true;
  });
  await using broker = await connect(local(await listen(proxy)));
  await broker.createTopic('behind-a-proxy', { partitions: 1 });
});

it.each([
  ['without', {}, /starting, a proxy has no server behind it, or it expects TLS \(set 'tls'\)/],
  ['with', { tls: true }, /starting, a proxy has no server behind it, or it does not speak TLS \(leave 'tls' out\)/],
] as const)('who only ever accepts and closes is given up %s TLS, with both possibilities', async (_, tls, message) => {
  const port = await listen(createServer((socket) => socket.destroy()));
  const failure = await connect({ ...local(port), ...tls }, { connectTimeoutMs: 300 }).catch((error: Error) => error);
  expect(failure).toMatchObject({ code: 'connection', message: expect.stringMatching(message) });
  expect(failure).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${port}`) });
});

it('a trusted certificate, and the right password, open', async () => {
  await using broker = await connect({ host: 'localhost', port: tlsPort, tls: { ca } });
  await broker.createTopic('over-tls', { partitions: 1 });
  await using second = await connect({ ...guarded.address, password: 'right' });
  await second.createTopic('with-password', { partitions: 1 });
});

it('a server that hides its settings is used, and it is said what was not checked', async () => {
  const acl = ['--user', 'app', 'on', '>secret', '~*', '&*', '+@all', '-config'];
  await using hiding = await RedisServer.start('--appendonly', 'yes', ...acl);
  const events: BrokerEvent[] = [];
  await using _broker = await connect(
    { ...hiding.address, username: 'app', password: 'secret' },
    { durability: 'fsync', onEvent: (event) => events.push(event) },
  );
  expect(events).toContainEqual({
    kind: 'server-note',
    server: `127.0.0.1:${hiding.port}`,
    note: expect.stringContaining('appendfsync was not checked'),
  });
});
