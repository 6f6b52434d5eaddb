// ebb invoke: one request to a service, through the gateway.

import { Command } from 'commander';
import { request } from 'node:http';
import { Service } from '#kinds/mod.ts';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { Failure, absent, usage } from '../failure.ts';
import type { CliPorts } from '../ports.ts';

const HELP = `
The body goes to standard output, the status line to standard error; a status of 400 or more ends with code 1.

Examples:
  ebb invoke hello
  ebb invoke hello --path '/?name=you'
  ebb invoke orders --data-text '{"item":"pen"}' -H 'content-type: application/json'`;

interface Flags {
  namespace: string;
  path: string;
  method?: string;
  header: readonly string[];
  dataText?: string;
  data?: string;
}

export function invokeCommand(ports: CliPorts): Command {
  return new Command('invoke')
    .summary('send a service one request')
    .description('Sends one request to a service through the gateway and prints the answer.')
    .argument('<name>', 'the Service')
    .option('--path <path>', 'path and query', '/')
    .option('-X, --method <method>', 'method (default: GET, or POST with a body)')
    .option(
      '-H, --header <header>',
      'header "Name: value"; may be repeated',
      (one: string, all: readonly string[]) => [...all, one],
      [],
    )
    .option('-d, --data-text <text>', 'body')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((name: string, flags: Flags) => invoke(name, flags, ports));
}

async function invoke(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  const dataDir = dataDirOf(flags.data, ports.env);
  const gateway = new URL(endpointsOf(dataDir).gateway);
  const { client } = await ports.connect(dataDir);
  const service = await client.get(Service, flags.namespace, name);
  if (!service)
    throw absent(`There is no Service ${name} in namespace ${flags.namespace}. 'ebb get' shows which there are.`);
  const url = service.status?.url;
  if (!url) throw new Failure(`Service ${name} has no URL yet. 'ebb why ${name}' tells what it waits for.`);
  const status = await send(gateway, new URL(url).host, flags, ports);
  if (status >= 400) throw new Failure(`The answer's status is ${status}.`);
}

function send(gateway: URL, host: string, flags: Flags, ports: CliPorts): Promise<number> {
  const method = flags.method ?? (flags.dataText === undefined ? 'GET' : 'POST');
  const body = flags.dataText === undefined ? {} : { 'content-length': String(Buffer.byteLength(flags.dataText)) };
  const headers = { ...Object.fromEntries(flags.header.map(headerOf)), ...body, host };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname: gateway.hostname, port: gateway.port, path: flags.path, method, headers, signal: ports.signal },
      (response) => {
        ports.err(`${response.statusCode ?? 0} ${response.statusMessage ?? ''}\n`);
        let last = '\n';
        response.setEncoding('utf8').on('data', (text: string) => {
          ports.out(text);
          last = text;
        });
        response.once('end', () => {
          // What is said next begins a line, and a body goes out as it came.
          if (!last.endsWith('\n') && (ports.isTerminal || (response.statusCode ?? 0) >= 400)) ports.err('\n');
          resolve(response.statusCode ?? 0);
        });
      },
    );
    outgoing.once('error', (error) =>
      reject(new Failure(`The gateway at ${gateway.host} did not answer: ${error.message}`)),
    );
    outgoing.end(flags.dataText);
  });
}

function headerOf(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw usage(`-H takes "Name: value", but ${JSON.stringify(text)} was given`);
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}
