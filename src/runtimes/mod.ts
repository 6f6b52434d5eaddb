// runtimes: what stands between the platform and a function that is written as a function, not as a server.

import { fileURLToPath } from 'node:url';

/** A wrapper: a file that goes into the image beside the function, and how to run it. */
export interface RuntimeWrapper {
  readonly language: 'node' | 'python';
  /** Where the wrapper's file is now. */
  readonly file: string;
  /** Its path in the image, relative to the function's folder. */
  readonly path: string;
  /** The program that runs it. */
  readonly command: string;
}

export const nodeWrapper: RuntimeWrapper = {
  language: 'node',
  file: fileURLToPath(new URL('./node/serve.cjs', import.meta.url)),
  path: '.ebb/serve.cjs',
  command: 'node',
};

export const pythonWrapper: RuntimeWrapper = {
  language: 'python',
  file: fileURLToPath(new URL('./python/serve.py', import.meta.url)),
  path: '.ebb/serve.py',
  command: 'python3',
};
