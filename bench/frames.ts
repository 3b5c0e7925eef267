import type { Benchmark, Contender, Measured } from './benchmark.js';
import { openClient } from './load/client.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { newTopic, runCounted } from './load/pair.js';
import { groupCpuMs } from './load/process-group.js';
import { startRedis } from './load/redis-servers.js';
import { PAYLOAD_BYTES } from './load/workload.js';

const MESSAGES = { full: 200_000, quick: 50_000 };

/** What a frame costs beside its messages: each side alone, so CPU time tells it also on a machine that is busy. */
export const frames: Benchmark = {
  name: 'frames',
  summary: 'CPU time of a message in frames of 1, 4, 16 and 64: publishing, then handling what is stored',
  baseline: '64 in a frame',
  rounds: 3,
  contenders: [contender(64), contender(16), contender(4), contender(1)],
  settings: (quick) => ({
    ...pairSettings(),
    messages: MESSAGES[quick ? 'quick' : 'full'],
    persistence: 'none',
    topology: 'one Redis',
  }),
};

function contender(maxFrameMessages: number): Contender {
  return {
    label: `${maxFrameMessages} in a frame`,
    async run(context): Promise<Measured[]> {
      const { target, groups } = await startRedis(context, 'memory');
      const topic = newTopic();
      const client = { ...KEYED_BROKER, maxFrameMessages };
      await (await openClient(client, target)).prepare(topic);
      const messages = MESSAGES[context.quick ? 'quick' : 'full'];
      const counted = { client, target, topic, payloadBytes: PAYLOAD_BYTES, messages };
      const readings = [groupCpuMs(groups[0]!)];
      const sent = await runCounted(context, 'producer', counted);
      readings.push(groupCpuMs(groups[0]!));
      const handled = await runCounted(context, 'consumer', counted);
      readings.push(groupCpuMs(groups[0]!));
      const [start, stored, end] = readings as [number, number, number];
      const row = (metric: string, ms: number) => ({ metric, unit: 'us a message', value: (ms * 1_000) / messages });
      return [
        row('CPU of producer', sent.cpuMs),
        row('CPU of Redis, storing', stored - start),
        row('CPU of consumer', handled.cpuMs),
        row('CPU of Redis, reading and settling', end - stored),
      ];
    },
  };
}
