// ebb user: who may use the platform beside its owner, and where.

import { Command } from 'commander';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ClusterRoleBinding as ClusterBinding, RoleBinding as NamespaceBinding } from '#kinds/mod.ts';
import {
  ClusterRoleBinding,
  Namespace,
  RoleBinding,
  Secret,
  secretOf,
  USER_LABEL,
  userNameProblem,
  userOf,
  USERS_NAMESPACE,
} from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { parseDuration } from '#base/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { absent, Failure, usage } from '../failure.ts';
import { columns, duration, formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';

const HELP = `
Roles are Kubernetes' own, with Knative's part in them:
  view    read everything but Secrets
  edit    also deploy, change and delete, and read Secrets
  admin   also give roles in the namespace to others

A user comes in with a token, which is in the kubeconfig that 'ebb user add' writes and nowhere else. Who is removed is refused at
once. More roles: kubectl create rolebinding. Quotas of a namespace: kubectl create quota.

Examples:
  ebb user add ann --namespace shop --role edit              writes ann.kubeconfig
  ebb user add ben --role view --expires 720h                all namespaces, for 30 days
  ebb user ls
  ebb user rm ann`;

const ROLES = ['view', 'edit', 'admin'];
const RBAC = 'rbac.authorization.k8s.io';

interface Flags {
  namespace?: string;
  role: string;
  expires?: string;
  kubeconfig?: string;
  server?: string;
  output?: string;
  data?: string;
}

export function userCommand(ports: CliPorts): Command {
  const user = new Command('user')
    .summary('who may use the platform beside its owner')
    .description('Users with a token each, and their roles in namespaces.')
    .addHelpText('after', HELP);
  const data: [string, string] = ['--data <dir>', "the platform's data folder"];
  user
    .command('add')
    .description('Makes a user with a role, and writes a kubeconfig for them.')
    .argument('<name>')
    .option('-n, --namespace <namespace>', 'where the role holds (default: in all namespaces)')
    .option('--role <role>', 'view, edit or admin', 'view')
    .option('--expires <duration>', 'how long the token is good, such as 720h (default: until the user is removed)')
    .option('--kubeconfig <file>', 'where to write it; - for standard output (default: NAME.kubeconfig)')
    .option('--server <url>', 'how the user reaches the API (default: as this machine does)')
    .option(...data)
    .addHelpText('after', HELP)
    .action((name: string, flags: Flags) => add(name, flags, ports));
  user
    .command('ls')
    .alias('list')
    .description('Lists users with their roles.')
    .option('-o, --output <format>', 'json or yaml')
    .option(...data)
    .addHelpText('after', HELP)
    .action((flags: Flags) => list(flags, ports));
  user
    .command('rm')
    .description('Removes a user, who is refused from then on, and the roles that were given with the user.')
    .argument('<name>')
    .option(...data)
    .addHelpText('after', HELP)
    .action((name: string, flags: Flags) => remove(name, flags, ports));
  return user;
}

async function add(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  const problem = userNameProblem(name);
  if (problem) throw usage(problem);
  if (!ROLES.includes(flags.role))
    throw usage(`--role must be view, edit or admin, but is ${JSON.stringify(flags.role)}`);
  const lifetime = flags.expires === undefined ? undefined : parseDuration(flags.expires);
  if (flags.expires !== undefined && (lifetime === undefined || lifetime <= 0))
    throw usage(`--expires takes a duration such as 720h, but ${JSON.stringify(flags.expires)} was given`);
  const file = flags.kubeconfig ?? `${name}.kubeconfig`;
  if (file !== '-' && existsSync(file))
    throw new Failure(`${resolve(file)} exists already; name another with --kubeconfig.`);
  const dataDir = dataDirOf(flags.data, ports.env);
  const { client } = await ports.connect(dataDir);
  await checkPlace(client, name, flags.namespace);
  const token = `ebb_${randomBytes(32).toString('base64url')}`;
  const user = { user: name, token, namespace: flags.namespace ?? 'default' };
  const text = ports.userKubeconfig(dataDir, user, flags.server);
  const expires = lifetime === undefined ? undefined : ports.now() + lifetime;
  const made = { ...flags, name, digest: createHash('sha256').update(token).digest('base64'), expires };
  if (file === '-') {
    await make(client, made);
    return ports.out(text);
  }
  // The file first: a token that could be written nowhere would be lost, and the user's name taken.
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  try {
    await make(client, made);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  const where = flags.namespace ? `namespace ${flags.namespace}` : 'all namespaces';
  ports.out(
    `${name} has the role ${flags.role} in ${where}. Give them ${resolve(file)}; it is the only copy of the token.\n`,
  );
}

interface Made {
  readonly name: string;
  readonly digest: string;
  readonly namespace?: string;
  readonly role: string;
  readonly expires: number | undefined;
}

async function make(client: Client, { name, digest, namespace, role, expires }: Made): Promise<void> {
  // What an earlier try that was cut short left.
  await removeBindings(client, name);
  // The role first: a token that may do nothing yet would puzzle its owner, a role without an owner harms nobody.
  if (namespace) await client.create(RoleBinding, bindingIn(namespace, name, role));
  else await client.create(ClusterRoleBinding, bindingOf(name, role));
  await client.create(Secret, secretOf({ name, digest, expires }));
}

async function checkPlace(client: Client, name: string, namespace: string | undefined): Promise<void> {
  if (await client.get(Secret, USERS_NAMESPACE, `user-${name}`)) {
    throw new Failure(
      `There is a user ${name} already. For another token 'ebb user rm ${name}' first; for another role: kubectl create rolebinding.`,
    );
  }
  if (namespace && !(await client.get(Namespace, '', namespace)))
    throw absent(`There is no namespace ${namespace}. Make it first: kubectl create namespace ${namespace}`);
}

function bindingOf(name: string, role: string): ClusterBinding {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: `ebb-user-${name}`, labels: { [USER_LABEL]: name } },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: RBAC, kind: 'User', name }],
  };
}

function bindingIn(namespace: string, name: string, role: string): NamespaceBinding {
  const { metadata, ...rest } = bindingOf(name, role);
  return { ...rest, kind: 'RoleBinding', metadata: { ...metadata, namespace } };
}

interface Shown {
  readonly name: string;
  /** `edit in shop`, `view everywhere`. */
  readonly roles: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  readonly expires?: string;
}

async function list(flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const { client } = await ports.connect(dataDirOf(flags.data, ports.env));
  const users = await usersOf(client);
  if (format === 'json' || format === 'yaml') return ports.out(rendered(users, format));
  if (users.length === 0) return ports.err("There are no users but the owner. 'ebb user add' makes one.\n");
  const rows = users.map(({ name, roles, created, expires }) => {
    const left = expires === undefined ? undefined : Date.parse(expires) - ports.now();
    const until = left === undefined ? 'never' : left > 0 ? `in ${duration(left)}` : 'expired';
    return [name, roles.join(', ') || 'none', until, duration(ports.now() - Date.parse(created))];
  });
  ports.out(columns(['NAME', 'ROLES', 'EXPIRES', 'AGE'], rows));
}

async function usersOf(client: Client): Promise<Shown[]> {
  const [secrets, inNamespaces, everywhere] = await Promise.all([
    client.list(Secret, { namespace: USERS_NAMESPACE }),
    client.list(RoleBinding),
    client.list(ClusterRoleBinding),
  ]);
  const bindings = [...inNamespaces.items, ...everywhere.items];
  return secrets.items.flatMap((secret) => {
    const user = userOf(secret);
    if (!user) return [];
    const own = bindings.filter(({ subjects = [] }) =>
      subjects.some(({ kind, name }) => kind === 'User' && name === user.name),
    );
    const roles = own.map(
      ({ roleRef, metadata: { namespace } }) => `${roleRef.name} ${namespace ? `in ${namespace}` : 'everywhere'}`,
    );
    const until = user.expires === undefined ? {} : { expires: new Date(user.expires).toISOString() };
    return [{ name: user.name, roles, created: secret.metadata.creationTimestamp ?? '', ...until }];
  });
}

async function remove(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  const { client } = await ports.connect(dataDirOf(flags.data, ports.env));
  if (!(await client.get(Secret, USERS_NAMESPACE, `user-${name}`)))
    throw absent(`There is no user ${name}. 'ebb user ls' shows which there are.`);
  // The token first: whatever comes of the rest, they are out.
  await client.delete(Secret, USERS_NAMESPACE, `user-${name}`);
  await removeBindings(client, name);
  ports.out(`${name} is removed and refused from now on.\n`);
}

/** Roles that were given with the user. */
async function removeBindings(client: Client, name: string): Promise<void> {
  const labelSelector = `${USER_LABEL}=${name}`;
  const bindings = [
    ...(await client.list(RoleBinding, { labelSelector })).items,
    ...(await client.list(ClusterRoleBinding, { labelSelector })).items,
  ];
  for (const { metadata, kind } of bindings)
    await client.delete(
      kind === 'RoleBinding' ? RoleBinding : ClusterRoleBinding,
      metadata.namespace ?? '',
      metadata.name,
    );
}
