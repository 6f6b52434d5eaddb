import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tasks/closing-line.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tasks/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    // Tests that start whole platforms share two cores with each other there; a second failure counts.
    retry: process.env.CI ? 1 : 0,
    reporters: process.env.CI ? ['default', new ClosingLine()] : ['default'],
  },
});
