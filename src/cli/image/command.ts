// ebb image: images by hand, without any registry.

import { Command } from 'commander';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Pod, Revision, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { absent, Failure, usage } from '../failure.ts';
import { columns, formatOf, rendered } from '../output.ts';
import type { CliPorts, ImageSource } from '../ports.ts';

const HELP = `
Examples:
  ebb image ls
  ebb image add ko.local/hello:latest ./hello-linux-amd64   one static executable
  ebb image add ko.local/app:v1 ./layout                    an OCI layout, an image tar, or a folder
  ebb image add ko.local/host:latest --host                 an image whose root is this machine's own`;

const ROOT_HELP = `
What is made of a folder or by --host runs over this machine's own root, in every namespace: whoever may deploy in one can read this
machine's files with it. What 'ebb deploy FOLDER' makes runs in one namespace only.`;

interface Flags {
  data?: string;
  output?: string;
  host?: boolean;
  force?: boolean;
}

export function imageCommand(ports: CliPorts): Command {
  const image = new Command('image')
    .summary('add, list and remove images')
    .description("The images of a platform's own store.")
    .addHelpText('after', HELP);
  const data: [string, string] = ['--data <dir>', "the platform's data folder"];
  image
    .command('add')
    .description('Brings an OCI layout, an image tar, a folder, or one static executable in under NAME.')
    .argument('<name>', 'such as ko.local/hello:latest')
    .argument('[path]', 'where it is')
    .option('--host', "make an image whose root is the machine's own")
    .addHelpText('after', ROOT_HELP)
    .option(...data)
    .action((name: string, path: string | undefined, flags: Flags) => add(name, path, flags, ports));
  image
    .command('ls')
    .alias('list')
    .description('Lists images with their digests.')
    .option('-o, --output <format>', 'json or yaml')
    .option(...data)
    .action((flags: Flags) => list(flags, ports));
  image
    .command('rm')
    .description('Removes a name; what no other name needs goes with it.')
    .argument('<name>')
    .option('--force', 'also where a Service uses it, or that cannot be known')
    .option(...data)
    .action((name: string, flags: Flags) => remove(name, flags, ports));
  return image;
}

async function add(name: string, path: string | undefined, flags: Flags, ports: CliPorts): Promise<void> {
  const short = shortRepository(name);
  if (short !== undefined)
    throw usage(
      `${name} could not be deployed: Knative's names of repositories have at least two characters, and ${JSON.stringify(short)} has not`,
    );
  const images = await ports.images(dataDirOf(flags.data, ports.env));
  const { digest } = await images.add(name, sourceOf(path, flags));
  ports.out(`${name}\n${digest}\n`);
}

/** What kind of thing lies at a path, told by its looks. */
function sourceOf(path: string | undefined, flags: Flags): ImageSource {
  if (flags.host) {
    if (path) throw usage('give either a path or --host, not both');
    return { host: true };
  }
  if (!path) throw usage('a path is missing: an OCI layout, an image tar, a folder or an executable; or give --host');
  const file = resolve(path);
  if (!existsSync(file)) throw absent(`There is nothing at ${file}.`);
  if (statSync(file).isDirectory()) return existsSync(join(file, 'oci-layout')) ? { layout: file } : { folder: file };
  if (/\.(tar|tgz|tar\.gz)$/.test(file)) return { tar: file };
  const fault = executableFault(beginningOf(file), process.arch);
  if (fault)
    throw usage(
      `${file} ${fault}. Give a Linux executable or script, an image tar (.tar, .tgz), an OCI layout, or a folder`,
    );
  return { executable: file };
}

/** The repository in an image's name, where Knative takes none that short. */
function shortRepository(name: string): string | undefined {
  const [first = '', ...rest] = name
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '')
    .split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = (hasHost ? rest : [first, ...rest]).join('/');
  return repository.length < 2 ? repository : undefined;
}

const HEADER_BYTES = 20;
/** `e_machine` of ELF by Node's name of an architecture. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183, ia32: 3, arm: 40, riscv64: 243, s390x: 22 };

/** What keeps a file with this beginning from being run on Linux; undefined where nothing does. */
function executableFault(header: Buffer, arch: string): string | undefined {
  if (header.toString('latin1', 0, 2) === '#!') return undefined;
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, 4) !== '\u007fELF')
    return 'is no executable: it begins neither as ELF nor with #!';
  const isLittle = header[5] === 1;
  const machine = isLittle ? header.readUInt16LE(18) : header.readUInt16BE(18);
  if (machine === MACHINES[arch]) return undefined;
  const built = Object.keys(MACHINES).find((name) => MACHINES[name] === machine) ?? `machine ${machine}`;
  return `is built for ${built}, and this machine is ${arch}`;
}

function beginningOf(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const opened = openSync(file, 'r');
  try {
    return header.subarray(0, readSync(opened, header));
  } finally {
    closeSync(opened);
  }
}

async function list(flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const images = await (await ports.images(dataDirOf(flags.data, ports.env))).list();
  if (format === 'json' || format === 'yaml') return ports.out(rendered(images, format));
  if (images.length === 0) return ports.err("There are no images. 'ebb image add' and 'ebb deploy' bring some.\n");
  // What runs is held by its digest too; that goes without saying where it has another name.
  const tagged = new Set(images.filter(({ name }) => !name.includes('@')).map(({ digest }) => digest));
  const shown = images.filter(({ name, digest }) => !name.includes('@') || !tagged.has(digest));
  ports.out(
    columns(
      ['NAME', 'DIGEST'],
      shown.map(({ name, digest }) => [name, digest]),
    ),
  );
}

async function remove(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  const dataDir = dataDirOf(flags.data, ports.env);
  const images = await ports.images(dataDir);
  const digest = await images.digestOf(name);
  if (digest && !flags.force) await checkUnused(name, digest, dataDir, ports);
  if (!(await images.remove(name))) throw absent(`There is no image ${name}. 'ebb image ls' shows which there are.`);
  ports.out(`${name} removed\n`);
}

/** Throws Failure where the image is needed: a service at zero would wait for it at its next request in vain. */
async function checkUnused(name: string, digest: string, dataDir: string, ports: CliPorts): Promise<void> {
  if (ports.holder(dataDir) === undefined) {
    throw new Failure(
      `Whether a Service uses ${name} is known by the running platform only. Start it with 'ebb up', or remove it anyway with --force.`,
    );
  }
  const { client } = await ports.connect(dataDir);
  const [services, revisions, pods] = await Promise.all([
    client.list(Service),
    client.list(Revision),
    client.list(Pod),
  ]);
  const objects = [...services.items, ...revisions.items, ...pods.items];
  const users = [...new Set(objects.filter((object) => speaksOf(object, name, digest)).map(userOf))].sort();
  if (users.length === 0) return;
  throw new Failure(
    `${name} is used by ${users.join(', ')}, which could not start any more. Delete that first ('ebb prune --revisions' removes old Revisions), or remove the image anyway with --force.`,
  );
}

function speaksOf(object: KubeObject, name: string, digest: string): boolean {
  const text = JSON.stringify(object);
  return text.includes(digest) || text.includes(`"image":${JSON.stringify(name)}`);
}

/** The Service that an object is of, else the object itself. */
function userOf({ kind, metadata }: KubeObject): string {
  const service = kind === Service.kind ? metadata.name : metadata.labels?.[SERVICE_LABEL];
  return `${service ? Service.kind : kind} ${metadata.namespace}/${service ?? metadata.name}`;
}
