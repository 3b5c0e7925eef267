import { Redis } from 'ioredis';
import { encodedSize, encodeMessage, messageEnd } from '../../broker/log/frame-codec.js';
import type { BenchClient, RawFormat, RawSpec, Target } from './client.js';
import { crash } from './crash.js';
import { PARTITIONS } from './workload.js';

const GROUP = 'bench';
const READ_COUNT = 64;
const HEADER_BYTES = 24;
/** WAIT blocks its connection: pipelines that end with it take turns. */
const WAITING_CONNECTIONS = 4;
const WAIT_TIMEOUT_MS = 5_000;

/**
 * Plain ioredis: pipelines of XADD over 16 streams, XREADGROUP, XACK. The formats differ in what an entry holds:
 * `payloads`: the payload, as anybody would write it. `messages`: one message with id, time and CRC, encoded as the
 * broker does. `frames`: all messages of a tick for a stream, so encoded. `sticky-frames`: the same, and a whole tick
 * goes to one stream.
 */
export function rawClient({ format, wait }: RawSpec, { host, port }: Target): BenchClient {
  const address = { host, port };
  const streams = (topic: string) => Array.from({ length: PARTITIONS }, (_, partition) => `${topic}:${partition}`);
  return {
    async prepare(topic) {
      const redis = new Redis(address);
      for (const stream of streams(topic)) await redis.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM');
      redis.disconnect();
    },
    async producer(topic) {
      const connections = Array.from(
        { length: wait === undefined ? 1 : WAITING_CONNECTIONS },
        () => new Redis(address),
      );
      const spread = new Spread(format, streams(topic));
      let turn = 0;
      return {
        send(payloads, onStored) {
          const pipeline = connections[turn++ % connections.length]!.pipeline();
          spread.each(payloads, (stream, entry) => pipeline.xadd(stream, '*', 'f', entry));
          if (wait !== undefined) pipeline.wait(wait, WAIT_TIMEOUT_MS);
          pipeline.exec((error, replies) => {
            const failure = error ?? replies?.find(([failed]) => failed !== null)?.[0];
            if (failure) return crash(failure);
            if (wait !== undefined && !(Number(replies!.at(-1)![1]) >= wait)) return crash(new Error('WAIT timed out'));
            for (let i = 0; i < payloads.length; i++) onStored();
          });
        },
        async close() {
          for (const redis of connections) redis.disconnect();
        },
      };
    },
    async consumer(topic, onMessage) {
      const redis = new Redis(address);
      const acks = new Redis(address);
      const names = streams(topic);
      const args = ['GROUP', GROUP, 'c', 'COUNT', READ_COUNT, 'BLOCK', 1000, 'STREAMS', ...names];
      for (const _ of names) args.push('>');
      let isClosed = false;
      const reading = (async () => {
        while (!isClosed) {
          const reply = await redis.callBuffer('XREADGROUP', args).catch((error) => (isClosed ? null : crash(error)));
          const acknowledge = acks.pipeline();
          for (const [stream, entries] of streamsOf(reply)) {
            const ids: Buffer[] = [];
            for (const [id, fields] of entries) {
              readEntry(format, fields[1]!, onMessage);
              ids.push(id);
            }
            acknowledge.xack(stream, GROUP, ...ids);
          }
          if (acknowledge.length > 0) acknowledge.exec();
        }
      })();
      return {
        async close() {
          isClosed = true;
          redis.disconnect();
          await reading;
          await acks.quit();
        },
      };
    },
    async leftovers(topic) {
      const redis = new Redis(address);
      let count = 0;
      for (const stream of streams(topic)) {
        const [group] = (await redis.xinfo('GROUPS', stream)) as [
          readonly unknown[] | Readonly<Record<string, unknown>>,
        ];
        count += Number(fieldOf(group, 'pending')) + Number(fieldOf(group, 'lag') ?? 0);
      }
      redis.disconnect();
      return count;
    },
  };
}

/** Puts the messages of a tick into entries of streams. */
class Spread {
  readonly #format: RawFormat;
  readonly #streams: readonly string[];
  #sent = 0;
  #tick = 0;

  constructor(format: RawFormat, streams: readonly string[]) {
    this.#format = format;
    this.#streams = streams;
  }

  each(payloads: readonly Buffer[], append: (stream: string, entry: Buffer) => void): void {
    const streams = this.#streams;
    if (this.#format === 'payloads' || this.#format === 'messages') {
      for (const payload of payloads) {
        const id = this.#sent++;
        append(streams[id % streams.length]!, this.#format === 'payloads' ? payload : encode(`m${id}`, payload));
      }
      return;
    }
    const frames: Buffer[][] = streams.map(() => []);
    const tick = this.#tick++;
    for (const payload of payloads) {
      const id = this.#sent++;
      frames[(this.#format === 'frames' ? id : tick) % streams.length]!.push(encode(`m${id}`, payload));
    }
    for (const [partition, messages] of frames.entries()) {
      if (messages.length > 0) append(streams[partition]!, Buffer.concat(messages));
    }
  }
}

function encode(id: string, payload: Buffer): Buffer {
  const message = { id, payload };
  const size = encodedSize(id, message) as number;
  const buffer = Buffer.allocUnsafe(size);
  encodeMessage(buffer, 0, size, id, message, 0);
  return buffer;
}

function readEntry(format: RawFormat, entry: Buffer, onMessage: (payload: Buffer) => void): void {
  if (format === 'payloads') {
    onMessage(entry);
    return;
  }
  for (let offset = 0; offset < entry.length; ) {
    const end = messageEnd(entry, offset) as number;
    onMessage(entry.subarray(offset + HEADER_BYTES + entry.readUInt16LE(offset + 10), end));
    offset = end;
  }
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** ioredis 6 maps the RESP3 map to a flat list. */
function streamsOf(reply: unknown): [Buffer, Entry[]][] {
  const flat = (reply ?? []) as (Buffer | Entry[])[];
  const streams: [Buffer, Entry[]][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) streams.push([flat[i] as Buffer, flat[i + 1] as Entry[]]);
  return streams;
}

function fieldOf(fields: readonly unknown[] | Readonly<Record<string, unknown>>, name: string): unknown {
  if (!Array.isArray(fields)) return (fields as Readonly<Record<string, unknown>>)[name];
  return fields[fields.indexOf(name) + 1];
}
