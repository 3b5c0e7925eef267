import type { Benchmark } from './benchmark.js';

/** Every benchmark, by name; loaded only where it is used. */
export const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'entry-format': async () => (await import('./entry-format.js')).entryFormat,
  peers: async () => (await import('./peers.js')).peers,
  durable: async () => (await import('./durable.js')).durable,
  latency: async () => (await import('./latency.js')).latency,
  rate: async () => (await import('./rate.js')).rate,
  frames: async () => (await import('./frames.js')).frames,
  partitions: async () => (await import('./partitions.js')).partitions,
  scaling: async () => (await import('./scaling.js')).scaling,
  stored: async () => (await import('./stored.js')).stored,
  cluster: async () => (await import('./cluster.js')).cluster,
  throughput: async () => (await import('./throughput.js')).throughput,
  generator: async () => (await import('./generator.js')).generator,
  analyzer: async () => (await import('./analyzer.js')).analyzer,
  checker: async () => (await import('./checker.js')).checker,
  hop: async () => (await import('./hop.js')).hop,
};
