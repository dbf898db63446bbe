import { defineConfig } from 'vitest/config';

// Two projects: `unit` runs in seconds and needs nothing but Node; `qemu` boots real kernels.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/qemu/**', 'test/nightly/**'],
          // A slow day is no failure: what hangs is ended by CI.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'qemu',
          include: ['test/qemu/**/*.test.ts'],
          // One file at a time: two TCG machines on two cores only slow each other down.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'nightly',
          include: process.env.VFLAB_NIGHTLY ? ['test/nightly/**/*.test.ts'] : [],
          fileParallelism: false,
          testTimeout: 7_200_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
