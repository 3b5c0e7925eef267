import type { Benchmark } from './benchmark.js';

/** Every benchmark, by name; loaded only where it is used. */
export const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'entry-format': async () => (await import('./entry-format.js')).entryFormat,
  throughput: async () => (await import('./throughput.js')).throughput,
  generator: async () => (await import('./generator.js')).generator,
  checker: async () => (await import('./checker.js')).checker,
  hop: async () => (await import('./hop.js')).hop,
};
