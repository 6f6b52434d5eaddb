// The port of a disk: what a store of files needs, and what each step promises about a crash. Its homes are node-disk.ts (the
// system's own) and simulated-disk.ts, which crashes and fills up when a test says so.

/**
 * A file that is open for reading and writing. What was written is durable only after a `sync` that began later; before that a
 * crash may keep any part of it. Reads see every write that has resolved. Where there is no room: DiskFullError (`object-database.ts`).
 */
export interface DiskFile {
  /** Writes all the bytes, one part after another. Where it fails, any part of them may have been written. */
  write(parts: readonly Uint8Array[], at: number): Promise<void>;
  /** Reads until the buffer is full or the file ends; resolves with how many bytes were read. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Makes content and length durable, not the name (`Disk.syncFolder` does). */
  sync(): Promise<void>;
  /** Takes room for `[from, to)` at the end of the file, as zeros, so that later writes there are quick and find room. */
  allocate(from: number, to: number): Promise<void>;
  truncate(length: number): Promise<void>;
  length(): Promise<number>;
  close(): Promise<void>;
}

/** Paths are relative to the disk's root, with `/`. Changes of names are durable only after `syncFolder` of their folder. */
export interface Disk {
  /** `new` makes a file that must not be there; `there` opens one that must be, and resolves with undefined where it is not. */
  open(path: string, how: 'new'): Promise<DiskFile>;
  open(path: string, how: 'there'): Promise<DiskFile | undefined>;
  /** Names in a folder, in no order; none where the folder is not there. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes a folder unless it is there; the one above it must be. */
  makeFolder(path: string): Promise<void>;
  /** Removes a folder, which must be empty. */
  removeFolder(path: string): Promise<void>;
  /** Gives a file or a folder another name, at once or not at all; a file under the new name is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file unless it is gone already. Who has it open may go on reading it. */
  remove(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** A path as people know it, for messages. */
  shown(path: string): string;
}
