// A gateway in a process of its own, before one endpoint, for whoever measures its memory: `node gateway-alone.ts PORT http1|h2c`.

import { systemClock } from '#base/mod.ts';
import { engineTransport } from '#gateway/mod.ts';
import { gatewayHere, ingressTo, targetOf } from '../../src/gateway/gateway.fixture.ts';

const [port = '', protocol = ''] = process.argv.slice(2);
const gateway = await gatewayHere({ ports: { http: 0 }, transport: engineTransport(systemClock) });
const endpoint = { id: 'app', host: '127.0.0.1', port: Number(port), state: 'ready' } as const;
const spoken = protocol === 'h2c' ? 'h2c' : 'http1';
await gateway.control.setTarget('t', targetOf([endpoint], { timeoutMs: 0, protocol: spoken }));
await gateway.control.setIngress('i', ingressTo('hello.test', 't'));
process.stdout.write(`${gateway.address.http.port}\n`);
process.once('disconnect', () => process.exit(0));
