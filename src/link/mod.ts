// link: a line between the control process and a data process. What is wanted is told anew at each connection, both may ask.

export { connectLink } from './client.ts';
export type { Connecting, ConnectOptions, LinkClient } from './client.ts';
export { LineLost } from './questions.ts';
export { attendLink, listenLink, serveLink } from './server.ts';
export type { LinkAttendant, LinkServer, ServeOptions } from './server.ts';
export { nameOf } from './words.ts';
export type { Change, Failure } from './words.ts';
