import { defineConfig } from 'vitest/config';

// `unit` needs nothing but Node and comes first; then `qemu` boots real kernels; `nightly` is for the slow and the huge.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 1 },
          // Else one core is left to whoever watches.
          maxWorkers: '100%',
          include: ['test/**/*.test.ts'],
          exclude: ['test/qemu/**', 'test/nightly/**'],
          // A slow day is no failure: what hangs is ended by CI.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'qemu',
          sequence: { groupOrder: 2 },
          include: ['test/qemu/**/*.test.ts'],
          // An emulated machine keeps little more than one core busy.
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'nightly',
          sequence: { groupOrder: 3 },
          include: process.env.VFLAB_NIGHTLY ? ['test/nightly/**/*.test.ts'] : [],
          fileParallelism: false,
          testTimeout: 7_200_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
