// Reads the table of rooms, and finds the imports that break it.

/** Each room and the rooms it may open. */
export type Table = ReadonlyMap<string, ReadonlySet<string>>;

/** The table as it stands in the fenced block marked `rooms`. */
export function readTable(markdown: string): Table {
  const block = /```rooms\n([\s\S]*?)```/.exec(markdown)?.[1] ?? '';
  const rows = block.split('\n').filter((line) => line.includes('<-'));
  return new Map(
    rows.map((line) => {
      const [room = '', opens = ''] = line.split('<-').map((part) => part.trim());
      return [room, new Set(opens.split(/\s+/).filter(Boolean))] as const;
    }),
  );
}

export interface SourceFile {
  /** Relative to src/. */
  readonly path: string;
  /** Specifiers; relative ones resolved to a path relative to src/. */
  readonly imports: readonly string[];
}

/** One line for each import that the table forbids. */
export function breaches(table: Table, files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    if (!table.has(room)) return [`${path}: no room ${room} in the table`];
    return imports.flatMap((specifier) => breach(table, path, room, specifier) ?? []);
  });
}

function breach(table: Table, path: string, room: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) {
    const [other = '', ...rest] = specifier.slice(1).split('/');
    if (rest.join('/') !== 'mod.ts') return `${path}: ${specifier} is not a door`;
    if (other === room) return `${path}: opens its own door`;
    return table.get(room)?.has(other) ? undefined : `${path}: ${room} may not open ${other}`;
  }
  if (!specifier.endsWith('.ts')) return undefined;
  if (path.endsWith('.test.ts') && specifier.startsWith('../test/')) return undefined;
  if (roomOf(specifier) !== room) return `${path}: ${specifier} leaves the room`;
  return specifier === `${room}/mod.ts` && !path.endsWith('.test.ts') ? `${path}: opens its own door` : undefined;
}

function roomOf(path: string): string {
  const [first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}
