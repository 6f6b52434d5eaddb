// explain: from objects to words.

export * from './event.ts';
export * from './machine.ts';
export * from './why.ts';
