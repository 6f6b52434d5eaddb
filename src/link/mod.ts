// link: a line between the control process and a data process. What is wanted is told anew at each connection, both may ask.

export { connectLink } from './client.ts';
export type { ConnectOptions, LinkClient } from './client.ts';
export { MAX_LINE_CHARS, readValues, writeValue } from './lines.ts';
export { listenAt } from './listen.ts';
export { LineLost } from './questions.ts';
export { serveLink } from './server.ts';
export type { LinkServer, ServeOptions } from './server.ts';
export type { Change } from './words.ts';
