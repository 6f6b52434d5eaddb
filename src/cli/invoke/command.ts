// ebb invoke: one request to a service, through the gateway.

import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { Failure, absent, usage } from '../failure.ts';
import type { CliPorts } from '../ports.ts';
import type { Asked, Told } from './ask.ts';
import { askThrough } from './ask.ts';
import { awaitResult, handOver } from './async.ts';

const HELP = `
The body goes to standard output, the status line to standard error; a status of 400 or more ends with code 1.

With --async the platform keeps the request on disk, answers 202 at once and carries it out later, with retries. The
invocation's id goes to standard output, the URL of its status to standard error: GET URL tells its state, GET URL/result
its answer, DELETE URL cancels it. With --wait the command waits for the answer and prints it. Headers set details:
ebb-async-retries, ebb-async-backoff, ebb-async-timeout, ebb-async-max-age, ebb-async-callback, idempotency-key.

Examples:
  ebb invoke hello
  ebb invoke hello --path '/?name=you'
  ebb invoke orders --data-text '{"item":"pen"}' -H 'content-type: application/json'
  ebb invoke report --async -d '{"year":2030}' -H 'ebb-async-callback: https://example.com/done'
  ebb invoke report --async --wait -d '{"year":2030}' -H 'idempotency-key: report-2030'`;

interface Flags {
  namespace: string;
  path: string;
  method?: string;
  header: readonly string[];
  dataText?: string;
  async?: boolean;
  wait?: boolean;
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
    .option('--async', 'do not wait: have the request kept and carried out later')
    .option('--wait', 'with --async: wait for the result and print it')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((name: string, flags: Flags) => invoke(name, flags, ports));
}

/** What may be behind an answer that nobody expected. */
function unlessReady(service: Service): string {
  const { name } = service.metadata;
  return isReady(service) ? '' : `, and Service ${name} is not ready: 'ebb why ${name}' tells what it waits for`;
}

async function invoke(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  if (flags.wait && !flags.async) throw usage('--wait goes with --async; without it the answer is waited for anyway');
  const asked = askedOf(flags);
  const dataDir = dataDirOf(flags.data, ports.env);
  const gateway = new URL(gatewayOf(dataDir, flags.data));
  const { client } = await ports.connect(dataDir);
  const service = await client.get(Service, flags.namespace, name);
  if (!service)
    throw absent(`There is no Service ${name} in namespace ${flags.namespace}. 'ebb get' shows which there are.`);
  const url = service.status?.url;
  if (!url) throw new Failure(`Service ${name} has no URL yet. 'ebb why ${name}' tells what it waits for.`);
  const ask = askThrough(gateway, new URL(url).host, ports);
  if (!flags.async) {
    let last = '\n';
    const onText = (text: string) => {
      ports.out(text);
      last = text;
    };
    const told = await ask(asked, onText, ({ line }) => ports.err(`${line}\n`));
    endLine(told, last, ports);
    if (told.status >= 400) throw new Failure(`The answer's status is ${told.status}${unlessReady(service)}.`);
    return;
  }
  const taken = await handOver(asked, ask, ports);
  if (!taken) return;
  ports.err(`Its status is at ${new URL(taken.location, url).href}\n`);
  if (!flags.wait) return ports.out(`${taken.id}\n`);
  await awaitResult(taken.location, ask, ports, (told, body) => {
    ports.err(`${told.line}\n`);
    ports.out(body);
    endLine(told, body, ports);
  });
}

/** Whoever knows curl takes --data for the body. */
function gatewayOf(dataDir: string, data: string | undefined): string {
  try {
    return endpointsOf(dataDir).gateway;
  } catch (error) {
    if (!(error instanceof Failure) || data === undefined || existsSync(data)) throw error;
    throw new Failure(`${error.message} A body is given by -d or --data-text.`, error.code);
  }
}

/** What is said next begins a line, and a body goes out as it came. */
function endLine({ status }: Told, last: string, ports: CliPorts): void {
  if (last !== '' && !last.endsWith('\n') && (ports.isTerminal || status >= 400)) ports.err('\n');
}

function askedOf({ method, dataText, path, header }: Flags): Asked {
  return {
    method: method ?? (dataText === undefined ? 'GET' : 'POST'),
    path,
    headers: Object.fromEntries(header.map(headerOf)),
    body: dataText,
  };
}

function headerOf(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw usage(`-H takes "Name: value", but ${JSON.stringify(text)} was given`);
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}
