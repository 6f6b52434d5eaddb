// One GET through a gateway, by any host name.

import { request } from 'node:http';

/** Status and body, such as `200 hello`. */
export function get(gateway: URL, host: string, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname: gateway.hostname, port: gateway.port, path, headers: { host } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.once('end', () => resolve(`${response.statusCode} ${body}`));
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}
