import { defineConfig } from 'vitest/config';

const ceilingMs = 120_000;
/** Computes only: as many files at a time as there are cores, though vitest would leave one free. */
const everyCore = '100%';
/** Text is compared as it reads without colours, also where CI asks for them. */
const env = { NO_COLOR: '1' };

export default defineConfig({
  test: {
    projects: [
      {
        test: { name: 'unit', env, include: ['test/unit/**/*.test.ts'], maxWorkers: everyCore, testTimeout: ceilingMs },
      },
      {
        test: {
          name: 'integration',
          env,
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/fixtures/compiled.ts',
          testTimeout: ceilingMs,
          hookTimeout: ceilingMs,
          // These wait for servers most of the time, and for conditions, so that a neighbour makes them slower, not wrong.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'simulation',
          env,
          include: ['test/simulation/**/*.test.ts'],
          maxWorkers: everyCore,
          testTimeout: 5 * ceilingMs,
          hookTimeout: ceilingMs,
        },
      },
      {
        test: {
          name: 'scenario',
          env,
          include: ['test/scenario/**/*.test.ts'],
          globalSetup: 'test/fixtures/compiled.ts',
          testTimeout: 5 * ceilingMs,
          hookTimeout: ceilingMs,
          // Measures time: after all others, one file after the other.
          fileParallelism: false,
        },
      },
    ],
  },
});
