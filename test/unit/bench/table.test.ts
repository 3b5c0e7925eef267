import { expect, it } from 'vitest';
import { type BenchResult, benchTable } from '../../../bench/table.js';

const result: BenchResult = {
  name: 'peers',
  rows: [{ label: 'broker: max', unit: 'msg/s', median: 123_456, min: 1, max: 2, runs: [1, 2] }],
  ratios: [{ of: 'broker: max', to: 'raw: max', value: 2.5 }],
  goals: [
    { goal: 'broker: max / raw: max at least 2', value: 2.5, isMet: true },
    { goal: 'broker: p99 below 2', value: 3, isMet: false },
  ],
  missing: [{ label: 'NATS', reason: 'nats-server is not installed: apt-get install nats-server' }],
  settings: { topology: 'one server' },
  versions: { node: 'v20' },
  machine: { cpu: 'a processor', cores: 2, memoryBytes: 1, os: 'Linux', governor: null },
};

it('shows rows, ratios, and what did not run and why', () => {
  const table = benchTable(result);
  expect(table).toContain('| broker: max | 123,456 | 1.00 | 2.00 | msg/s |');
  expect(table).toContain('| broker: max / raw: max | 2.50 |');
  expect(table).toContain('- met: broker: max / raw: max at least 2: 2.50');
  expect(table).toContain('- missed: broker: p99 below 2: 3.00');
  expect(table).toContain('Not run: NATS: nats-server is not installed: apt-get install nats-server');
  expect(table).toContain('topology one server, node v20; 2 x a processor');
});
