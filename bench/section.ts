// What a section of the benches is: it runs on its own platform and gives figures to read and data to keep.

export interface SectionOptions {
  /** How many rounds; each section has its own usual number. */
  readonly rounds?: number | undefined;
  /** Just enough to see that it works; the figures mean little. */
  readonly quick: boolean;
  /** Which HTTP engine the gateway runs on; its own choice unless told. */
  readonly engine?: string | undefined;
  /** Tells of progress. */
  readonly say: (text: string) => void;
}

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly value: string;
  /** In words, where there is one. */
  readonly goal?: string;
  readonly met?: boolean;
}

export interface SectionResult {
  readonly rows: readonly Row[];
  /** Goes into the results' file as it is. */
  readonly data: unknown;
}

export interface Section {
  readonly name: string;
  /** Commands without which it cannot run. */
  readonly needs: readonly string[];
  run(options: SectionOptions): Promise<SectionResult>;
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const times = (value: number): string => `${value.toFixed(2)} ×`;
