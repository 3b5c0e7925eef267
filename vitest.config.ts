import { defineConfig } from 'vitest/config';

const ceilingMs = 120_000;
/** Text is compared as it reads without colours, also where CI asks for them. */
const env = { NO_COLOR: '1' };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', env, include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'integration',
          env,
          include: ['test/integration/**/*.test.ts'],
          testTimeout: ceilingMs,
          hookTimeout: ceilingMs,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'simulation',
          env,
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 5 * ceilingMs,
          hookTimeout: ceilingMs,
        },
      },
      {
        test: {
          name: 'scenario',
          env,
          include: ['test/scenario/**/*.test.ts'],
          testTimeout: 5 * ceilingMs,
          hookTimeout: ceilingMs,
          fileParallelism: false,
        },
      },
    ],
  },
});
