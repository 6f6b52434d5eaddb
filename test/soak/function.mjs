// The function of the soak tests: answers with its process id and how many requests it has had, and logs each of them.

import { createServer } from 'node:http';

let requests = 0;
const server = createServer((_, response) => {
  requests += 1;
  console.log(`request ${requests}`);
  response.end(JSON.stringify({ pid: process.pid, requests }));
});
server.listen(Number(process.env.PORT), () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => process.exit(0)));
