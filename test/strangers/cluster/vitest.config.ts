import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** One file at a time: they share a cluster, and each case begins by emptying it. */
export default defineConfig({
  root: join(import.meta.dirname, '../../..'),
  test: {
    include: ['src/serving/*/controller.test.ts', 'test/strangers/cluster/*.kube.ts'],
    setupFiles: ['test/strangers/cluster/play-cases.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
