// What is counted of a replay, and the figures that follow.

export interface Figures {
  readonly requests: number;
  /** Requests that met no instance that takes any. */
  readonly coldRequests: number;
  readonly coldShare: number;
  readonly instancesStarted: number;
  readonly refused: number;
  /** Time that instances were there, hours. */
  readonly instanceHours: number;
  /** Of that, without a request. */
  readonly wastedHours: number;
  /** From arrival until an instance has the request. */
  readonly waitMs: Percentiles;
  /** From arrival to answer. */
  readonly latencyMs: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const HOUR_MS = 3_600_000;

export class Tally {
  readonly #sinceMs: number;
  readonly #waits: number[] = [];
  readonly #latencies: number[] = [];
  #cold = 0;
  #refused = 0;
  #started = 0;
  #livedMs = 0;
  #busyMs = 0;

  /** What was before `sinceMs` does not count. */
  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  admitted(waitMs: number, durationMs: number, isCold: boolean): void {
    this.#waits.push(waitMs);
    this.#latencies.push(waitMs + durationMs);
    if (isCold) this.#cold++;
  }

  denied(): void {
    this.#refused++;
  }

  started(nowMs: number): void {
    if (nowMs >= this.#sinceMs) this.#started++;
  }

  /** An instance was there from then until then. */
  lived(fromMs: number, toMs: number): void {
    this.#livedMs += this.#counted(fromMs, toMs);
  }

  /** It had at least one request from then until then. */
  busy(fromMs: number, toMs: number): void {
    this.#busyMs += this.#counted(fromMs, toMs);
  }

  #counted(fromMs: number, toMs: number): number {
    return Math.max(0, toMs - Math.max(fromMs, this.#sinceMs));
  }

  get figures(): Figures {
    const requests = this.#waits.length + this.#refused;
    return {
      requests,
      coldRequests: this.#cold,
      coldShare: requests > 0 ? this.#cold / requests : 0,
      instancesStarted: this.#started,
      refused: this.#refused,
      instanceHours: this.#livedMs / HOUR_MS,
      wastedHours: (this.#livedMs - this.#busyMs) / HOUR_MS,
      waitMs: percentiles(this.#waits),
      latencyMs: percentiles(this.#latencies),
    };
  }
}

/** The smallest value that at least such a share of all does not exceed. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999), max: at(1) };
}
