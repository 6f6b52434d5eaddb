// functions: from a folder with a function to something that can run.

export * from './pack.ts';
export * from './plan.ts';
