// A disk in memory that forgets, on a crash, what was not synced: any part of it, in any order, sector by sector. For tests
// and simulations of what the disk keeps.

import type { Random } from '#base/mod.ts';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFullError } from './object-database.ts';

/** The disk has crashed; nothing that it is asked for happens any more. */
export class CrashedError extends Error {
  override readonly name = 'CrashedError';

  constructor() {
    super('the disk has crashed');
  }
}

/** A step that changes the disk; reads are none. */
export interface DiskStep {
  readonly kind:
    | 'open'
    | 'write'
    | 'sync'
    | 'allocate'
    | 'truncate'
    | 'makeFolder'
    | 'removeFolder'
    | 'rename'
    | 'remove'
    | 'syncFolder';
  readonly path: string;
}

export interface SimulatedDiskOptions {
  /** Bytes that all files may have together. Unbounded unless told. */
  readonly capacity?: number;
  /** The number of the step, from 0, in the middle of which the power goes. */
  readonly crashAt?: number;
  /** Looks at each step before it happens; what it throws is the step's failure. */
  readonly onStep?: (step: DiskStep) => void;
}

/** How much of what was not synced a crash keeps. */
export type Kept = 'nothing' | 'everything' | Random;

/** What is torn apart by a crash: the least that a disk writes at once. */
const SECTOR = 512;

const SYNCS: ReadonlySet<DiskStep['kind']> = new Set(['sync', 'syncFolder']);

interface FileNode {
  content: Buffer;
  length: number;
  durable: Buffer;
  /** Since the last sync, in order. */
  pending: Change[];
}

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number };

interface FolderNode {
  entries: Map<string, Node>;
  durable: Map<string, Node>;
  pending: Renaming[];
}

type Node = { readonly file: FileNode } | { readonly folder: FolderNode };

/** A change of names, of one folder or of two, which happens whole or not at all. */
interface Renaming {
  readonly changes: readonly { readonly folder: FolderNode; readonly name: string; readonly node: Node | undefined }[];
}

export class SimulatedDisk implements Disk {
  capacity: number;
  crashAt: number | undefined;
  onStep: ((step: DiskStep) => void) | undefined;
  /** Steps so far, those that failed included. */
  steps = 0;
  readonly #root: FolderNode;
  #hasCrashed = false;

  constructor(options: SimulatedDiskOptions = {}, root: FolderNode = newFolder()) {
    this.capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.crashAt = options.crashAt;
    this.onStep = options.onStep;
    this.#root = root;
  }

  /** Ends this disk, and gives the one that is found after the power is back. */
  crash(kept: Kept = 'nothing'): SimulatedDisk {
    this.#hasCrashed = true;
    return new SimulatedDisk({ capacity: this.capacity }, surviving(this.#root, kept));
  }

  /** Ends this disk as the end of its process does, which loses nothing: what was not synced is still there, and still not synced. */
  abandon(): SimulatedDisk {
    this.#hasCrashed = true;
    return new SimulatedDisk({ capacity: this.capacity }, this.#root);
  }

  /** Bytes of all files. */
  get used(): number {
    return usedBy(this.#root);
  }

  /** Changes the content of a file behind everyone's back, as a failing disk would. */
  damage(path: string, at: number, bytes: Uint8Array): void {
    const node = this.#find(path);
    if (!node || !('file' in node)) throw new Error(`there is no file ${path}`);
    node.file.content.set(bytes, at);
    node.file.durable = Buffer.from(node.file.content.subarray(0, node.file.length));
  }

  open(path: string, how: 'new'): Promise<DiskFile>;
  open(path: string, how: 'there'): Promise<DiskFile | undefined>;
  async open(path: string, how: 'new' | 'there'): Promise<DiskFile | undefined> {
    const node = this.#find(path);
    if (how === 'there') {
      this.demandPower();
      return node && 'file' in node ? new SimulatedFile(this, path, node.file) : undefined;
    }
    return this.step('open', path, () => {
      if (node) throw new Error(`${path} is there already`);
      const file: FileNode = { content: Buffer.alloc(0), length: 0, durable: Buffer.alloc(0), pending: [] };
      this.#change([[path, { file }]]);
      return new SimulatedFile(this, path, file);
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    this.demandPower();
    const node = this.#find(folder);
    return node && 'folder' in node ? [...node.folder.entries.keys()] : [];
  }

  async makeFolder(path: string): Promise<void> {
    this.step('makeFolder', path, () => {
      if (!this.#find(path)) this.#change([[path, { folder: newFolder() }]]);
    });
  }

  async removeFolder(path: string): Promise<void> {
    this.step('removeFolder', path, () => {
      if (this.#folder(path).entries.size > 0) throw new Error(`${path} is not empty`);
      this.#change([[path, undefined]]);
    });
  }

  async rename(from: string, to: string): Promise<void> {
    this.step('rename', from, () => {
      const node = this.#find(from);
      if (!node) throw new Error(`there is no ${from}`);
      this.#change([
        [from, undefined],
        [to, node],
      ]);
    });
  }

  async remove(path: string): Promise<void> {
    this.step('remove', path, () => {
      if (this.#find(path)) this.#change([[path, undefined]]);
    });
  }

  async syncFolder(path: string): Promise<void> {
    this.step('syncFolder', path, () => settle(this.#root, this.#folder(path)));
  }

  shown(path: string): string {
    return path;
  }

  /**
   * Does a step, which may fail by the script or because the power is gone. In the step in which the power goes, a change is
   * made, as far as a crash keeps it; a sync is not, for what it had reached is what a crash keeps anyway.
   */
  step<T>(kind: DiskStep['kind'], path: string, act: () => T): T {
    this.demandPower();
    const isLast = this.steps++ === this.crashAt;
    this.onStep?.({ kind, path });
    if (isLast && SYNCS.has(kind)) this.#hasCrashed = true;
    this.demandPower();
    const result = act();
    if (isLast) this.#hasCrashed = true;
    this.demandPower();
    return result;
  }

  demandPower(): void {
    if (this.#hasCrashed) throw new CrashedError();
  }

  /** How many bytes of a write that makes files longer find room. */
  room(longer: number): number {
    return Math.max(0, Math.min(longer, this.capacity - this.used));
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (!node || !('folder' in node)) throw new Error(`there is no folder ${path}`);
    return node.folder;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = { folder: this.#root };
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      node = node && 'folder' in node ? node.folder.entries.get(name) : undefined;
    }
    return node;
  }

  #change(changes: readonly (readonly [string, Node | undefined])[]): void {
    const renaming: Renaming = {
      changes: changes.map(([path, node]) => {
        const cut = path.lastIndexOf('/');
        return { folder: this.#folder(path.slice(0, Math.max(0, cut))), name: path.slice(cut + 1), node };
      }),
    };
    for (const { folder, name, node } of renaming.changes) put(folder.entries, name, node);
    for (const folder of new Set(renaming.changes.map(({ folder }) => folder))) folder.pending.push(renaming);
  }
}

class SimulatedFile implements DiskFile {
  readonly #disk: SimulatedDisk;
  readonly #path: string;
  readonly #node: FileNode;

  constructor(disk: SimulatedDisk, path: string, node: FileNode) {
    this.#disk = disk;
    this.#path = path;
    this.#node = node;
  }

  async write(parts: readonly Uint8Array[], at: number): Promise<void> {
    this.#disk.step('write', this.#path, () => this.#put(Buffer.concat(parts), at));
  }

  async allocate(from: number, to: number): Promise<void> {
    this.#disk.step('allocate', this.#path, () => this.#put(Buffer.alloc(to - from), from));
  }

  /** What finds no room is left out, and the rest is written all the same. */
  #put(bytes: Buffer, at: number): void {
    const node = this.#node;
    const longer = Math.max(0, at + bytes.length - node.length);
    const missing = longer - this.#disk.room(longer);
    const written = bytes.subarray(0, Math.max(0, bytes.length - missing));
    apply(node, { at, bytes: written });
    node.pending.push({ at, bytes: Buffer.from(written) });
    if (missing > 0) throw new DiskFullError(`the disk of ${this.#path} is full`);
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    this.#disk.demandPower();
    const found = this.#node.content
      .subarray(Math.min(at, this.#node.length), this.#node.length)
      .subarray(0, into.length);
    into.set(found);
    return found.length;
  }

  async sync(): Promise<void> {
    this.#disk.step('sync', this.#path, () => {
      this.#node.durable = Buffer.from(this.#node.content.subarray(0, this.#node.length));
      this.#node.pending = [];
    });
  }

  async truncate(length: number): Promise<void> {
    this.#disk.step('truncate', this.#path, () => {
      apply(this.#node, { length });
      this.#node.pending.push({ length });
    });
  }

  async length(): Promise<number> {
    this.#disk.demandPower();
    return this.#node.length;
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

function newFolder(): FolderNode {
  return { entries: new Map(), durable: new Map(), pending: [] };
}

function put(entries: Map<string, Node>, name: string, node: Node | undefined): void {
  if (node) entries.set(name, node);
  else entries.delete(name);
}

function usedBy(folder: FolderNode): number {
  let bytes = 0;
  for (const node of folder.entries.values()) bytes += 'file' in node ? node.file.length : usedBy(node.folder);
  return bytes;
}

function apply(node: { content: Buffer; length: number }, change: Change): void {
  if ('length' in change) {
    node.content.fill(0, Math.min(change.length, node.content.length));
    reserve(node, change.length);
    node.length = change.length;
    return;
  }
  reserve(node, change.at + change.bytes.length);
  change.bytes.copy(node.content, change.at);
  node.length = Math.max(node.length, change.at + change.bytes.length);
}

/** Content has room for so many bytes; beyond the length it is zeros. */
function reserve(node: { content: Buffer }, length: number): void {
  if (node.content.length >= length) return;
  const larger = Buffer.alloc(Math.max(length, node.content.length * 2));
  node.content.copy(larger);
  node.content = larger;
}

/** Makes every pending change of names that touches this folder durable, in the other folder that it touches too. */
function settle(root: FolderNode, folder: FolderNode): void {
  const done = new Set(folder.pending);
  for (const renaming of done)
    for (const change of renaming.changes) put(change.folder.durable, change.name, change.node);
  forEachFolder(root, (one) => (one.pending = one.pending.filter((renaming) => !done.has(renaming))));
  folder.pending = [];
}

function forEachFolder(folder: FolderNode, visit: (folder: FolderNode) => void, seen = new Set<FolderNode>()): void {
  if (seen.has(folder)) return;
  seen.add(folder);
  visit(folder);
  for (const node of [...folder.entries.values(), ...folder.durable.values()])
    if ('folder' in node) forEachFolder(node.folder, visit, seen);
}

/** What is found of a disk after a crash. */
function surviving(root: FolderNode, kept: Kept): FolderNode {
  const isKept = () => (typeof kept === 'string' ? kept === 'everything' : kept.next() < 0.5);
  const renamings = new Set<Renaming>();
  forEachFolder(root, (folder) => folder.pending.forEach((renaming) => renamings.add(renaming)));
  const names = new Map<FolderNode, Map<string, Node>>();
  forEachFolder(root, (folder) => names.set(folder, new Map(folder.durable)));
  for (const { changes } of renamings) {
    if (!isKept()) continue;
    for (const { folder, name, node } of changes) {
      const entries = names.get(folder);
      if (entries) put(entries, name, node);
    }
  }
  const copy = (folder: FolderNode): FolderNode => {
    const entries = new Map<string, Node>();
    for (const [name, node] of names.get(folder) ?? []) {
      entries.set(name, 'file' in node ? { file: survivingFile(node.file, isKept) } : { folder: copy(node.folder) });
    }
    return { entries, durable: new Map(entries), pending: [] };
  };
  return copy(root);
}

/** Each sector of each write is kept or not by itself; the length is that of some moment since the last sync. */
function survivingFile(node: FileNode, isKept: () => boolean): FileNode {
  const found = { content: Buffer.from(node.durable), length: node.durable.length };
  for (const change of node.pending) {
    if ('length' in change) {
      if (isKept()) apply(found, change);
      continue;
    }
    for (let from = 0; from < change.bytes.length; ) {
      const to = Math.min(change.bytes.length, from + SECTOR - ((change.at + from) % SECTOR));
      if (isKept()) apply(found, { at: change.at + from, bytes: change.bytes.subarray(from, to) });
      from = to;
    }
  }
  const content = Buffer.from(found.content.subarray(0, found.length));
  return { content, length: found.length, durable: Buffer.from(content), pending: [] };
}
