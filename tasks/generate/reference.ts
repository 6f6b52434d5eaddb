// Reference pages: the fields of Knative's kinds, and the keys of the config maps.

import { allKinds, eventingConfigs, RevisionSpecSchema, servingConfigs } from '#kinds/mod.ts';
import type { ConfigMapDefinition } from '#kinds/mod.ts';
import type { Kind, SchemaNode } from '#machinery/mod.ts';

/** Each page with its path. */
export function referenceFiles(): [string, string][] {
  return [
    ['docs/reference/api.md', apiPage()],
    ['docs/reference/config.md', configPage()],
  ];
}

const NOTE = 'Written by `npm run generate -- reference`; what it says stands in `src/kinds`.';

function apiPage(): string {
  const kinds = allKinds.filter(({ custom }) => custom);
  return [`# The API`, NOTE, ...kinds.map(kindSection)].join('\n\n').concat('\n');
}

function kindSection(kind: Kind): string {
  const { names, scope, conditions, columns } = kind;
  const facts = [
    ['apiVersion', `\`${kind.apiVersion}\``],
    ['resource', `\`${names.plural}\`, ${scope === 'Cluster' ? 'cluster-scoped' : 'namespaced'}`],
    ['short names', codes(names.short)],
    ['categories', codes(names.categories)],
    ['conditions', conditions ? codes([conditions.happy, ...conditions.dependents]) : ''],
    ['columns', codes(Object.keys(columns))],
  ].filter(([, value]) => value);
  return [
    `## ${kind.kind}`,
    kind.doc,
    facts.map(([name, value]) => `- ${name}: ${value}`).join('\n'),
    table(['field', 'type', 'default', ''], fieldRows(kind)),
  ].join('\n\n');
}

const codes = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

/** What every object has is told once, by Kubernetes. */
const COMMON = new Set(['apiVersion', 'kind', 'metadata']);

function fieldRows({ schema, kind }: Kind): string[][] {
  const fields = schema.type === 'object' ? Object.entries(schema.fields) : [];
  return fields
    .filter(([name]) => !COMMON.has(name))
    .flatMap(([name, node]) => rowsOf(name, node, kind === 'Revision'));
}

/** A field and those inside it. The spec of a revision is told in full on the page of Revision only. */
function rowsOf(path: string, node: SchemaNode, inFull: boolean, isRequired = false): string[][] {
  const isElsewhere = node === RevisionSpecSchema.node && !inFull;
  const about = isElsewhere ? 'as the spec of a [Revision](#revision)' : (node.doc ?? '');
  const preset = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
  const own = [`\`${path}\`${isRequired ? ' *required*' : ''}`, typeText(node), preset, about];
  return isElsewhere ? [own] : [own, ...inner(path, node, inFull)];
}

function inner(path: string, node: SchemaNode, inFull: boolean): string[][] {
  switch (node.type) {
    case 'object':
      return Object.entries(node.fields).flatMap(([name, field]) =>
        rowsOf(`${path}.${name}`, field, inFull, node.required.includes(name)),
      );
    case 'list':
      return inner(`${path}[]`, node.items, inFull);
    case 'map':
      return inner(`${path}.*`, node.values, inFull);
    default:
      return [];
  }
}

function typeText(node: SchemaNode): string {
  switch (node.type) {
    case 'object':
      return node.preserveUnknown ? 'object, open' : 'object';
    case 'list': {
      const by = node.listType === 'map' ? ` by ${node.keys.join(', ')}` : node.listType === 'set' ? ', a set' : '';
      return `list of ${typeText(node.items)}${by}`;
    }
    case 'map':
      return `map of ${typeText(node.values)}`;
    case 'integer':
      return node.format;
    case 'string':
      return node.enum ? node.enum.map((word) => `\`${word}\``).join(' or ') : (node.format ?? 'string');
    case 'intOrString':
      return 'integer or string';
    default:
      return node.type;
  }
}

function configPage(): string {
  const intro = 'A change is read at once; one that cannot be read is refused, and so is an edit of `_example`.';
  return [
    '# Config maps',
    NOTE,
    intro,
    '# In namespace `knative-serving`',
    ...servingConfigs.map(configSection),
    '# In namespace `knative-eventing`',
    ...eventingConfigs.map(configSection),
  ]
    .join('\n\n')
    .concat('\n');
}

function configSection({ name, doc, rows, seed }: ConfigMapDefinition<unknown>): string {
  const keys = Object.entries(rows).map(([key, { shown, aliases, doc: about }]) => [
    `\`${key}\``,
    shown === '' ? '' : `\`${shown.replaceAll('\n', ' ')}\``,
    seed[key] === undefined || seed[key] === shown ? '' : `\`${seed[key]}\``,
    aliases.length > 0 ? `${about} Older: ${codes(aliases)}.` : about,
  ]);
  return [
    `## ${name}`,
    ...(doc ? [doc] : []),
    ...(keys.length > 0 ? [table(['key', 'default', 'set here', ''], keys)] : []),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
