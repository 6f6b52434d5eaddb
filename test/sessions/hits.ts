// hits N URL: sends N requests through the gateway named by GATEWAY and prints the share of each answer, rounded to tens, largest first.

import { Agent, request } from 'node:http';

const [count = '1', url = ''] = process.argv.slice(2);
const target = new URL(url);
const [host = '127.0.0.1', port = '80'] = (process.env.GATEWAY ?? target.host).split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function get(): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, path: target.pathname, headers: { host: target.host }, agent },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve(`${response.statusCode} ${body.split('\n')[0]}`));
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

const tally = new Map<string, number>();
await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const answer = await get();
    tally.set(answer, (tally.get(answer) ?? 0) + 1);
  }),
);
agent.destroy();
for (const [answer, times] of [...tally].sort((a, b) => b[1] - a[1]))
  console.log(`about ${Math.round((times * 10) / Number(count)) * 10} %: ${answer}`);
