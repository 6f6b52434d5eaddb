// explain: from objects to words.

export * from './machine.ts';
export * from './why.ts';
