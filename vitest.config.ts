import { defineConfig } from 'vitest/config';

const ceilingMs = 120_000;

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: ceilingMs,
          hookTimeout: ceilingMs,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'scenario',
          include: ['test/scenario/**/*.test.ts'],
          testTimeout: 5 * ceilingMs,
          hookTimeout: ceilingMs,
          fileParallelism: false,
        },
      },
    ],
  },
});
