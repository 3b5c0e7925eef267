import { Redis } from 'ioredis';
import { encodedSize, encodeMessage, messageEnd } from '../../broker/log/frame-codec.js';
import { type BenchClient, PARTITIONS } from './client.js';

type Format = 'entries' | 'frames' | 'sticky-frames';

const GROUP = 'bench';
const READ_COUNT = 64;
const HEADER_BYTES = 24;

/**
 * Plain ioredis: pipelines of XADD over 16 streams, XREADGROUP, XACK. The formats differ in one thing: what an entry
 * holds. The messages themselves are encoded alike.
 */
export function rawClient(format: Format): BenchClient {
  return {
    async producer(address, topic) {
      const redis = new Redis({ ...address });
      let sent = 0;
      let tick = 0;
      return {
        send(payloads, onStored) {
          const byStream: Buffer[][] = Array.from({ length: PARTITIONS }, () => []);
          tick++;
          for (const payload of payloads) {
            const partition = format === 'sticky-frames' ? tick % PARTITIONS : sent % PARTITIONS;
            byStream[partition]!.push(encode(`m${sent++}`, payload));
          }
          const pipeline = redis.pipeline();
          for (const [partition, messages] of byStream.entries()) {
            const entries = format === 'entries' || messages.length === 0 ? messages : [Buffer.concat(messages)];
            for (const entry of entries) pipeline.xadd(streamOf(topic, partition), '*', 'f', entry);
          }
          pipeline.exec((error, replies) => {
            const failure = error ?? replies?.find(([failed]) => failed !== null)?.[0];
            if (failure) throw failure;
            for (let i = 0; i < payloads.length; i++) onStored();
          });
        },
        async close() {
          redis.disconnect();
        },
      };
    },
    async consumer(address, topic, onMessage) {
      const redis = new Redis({ ...address });
      const acks = new Redis({ ...address });
      const streams = Array.from({ length: PARTITIONS }, (_, partition) => streamOf(topic, partition));
      for (const stream of streams) await acks.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM');
      const args = ['GROUP', GROUP, 'c', 'COUNT', READ_COUNT, 'BLOCK', 1000, 'STREAMS', ...streams] as const;
      let isClosed = false;
      const reading = (async () => {
        while (!isClosed) {
          const reply = await redis.callBuffer('XREADGROUP', [...args, ...streams.map(() => '>')]).catch(() => null);
          const acknowledge = acks.pipeline();
          for (const [stream, entries] of streamsOf(reply)) {
            const ids: Buffer[] = [];
            for (const [id, fields] of entries) {
              readFrame(fields[1]!, onMessage);
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
  };
}

function encode(id: string, payload: Buffer): Buffer {
  const message = { id, payload };
  const size = encodedSize(id, message) as number;
  const buffer = Buffer.allocUnsafe(size);
  encodeMessage(buffer, 0, size, id, message, 0);
  return buffer;
}

function readFrame(frame: Buffer, onMessage: (payload: Buffer) => void): void {
  for (let offset = 0; offset < frame.length; ) {
    const end = messageEnd(frame, offset) as number;
    onMessage(frame.subarray(offset + HEADER_BYTES + frame.readUInt16LE(offset + 10), end));
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

function streamOf(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}
