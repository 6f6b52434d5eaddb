import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../../..'),
  test: { include: ['test/strangers/kafka/*.kafka.ts'], pool: 'forks', testTimeout: 60_000 },
});
