// A registry of the instruments' series. How they leave the process is in exposition.ts and otlp/.

import { invariant } from '#base/mod.ts';
import type { AllInstruments, Instrument, Instruments, MetricType, NameOf } from './instruments.ts';
import { INSTRUMENTS } from './instruments.ts';

/** Attributes of a series. Never changed once given to a metric. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `by` (1 unless told), which is never negative. */
  add(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(by: number, labels?: Labels): void;
  /** Forgets the series with exactly these labels. */
  remove(labels?: Labels): void;
  /** Forgets all series. */
  clear(): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
  /** The series of these labels, found once: for a path on which each look-up counts. */
  of(labels: Labels): HistogramSeries;
}

export interface HistogramSeries {
  observe(value: number): void;
}

/** One series as it stands. For histograms `buckets` counts values up to each bound, the last one being all. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly buckets?: readonly number[];
  readonly count?: number;
}

/** A metric with all its series. It can go through JSON. */
export interface Family extends Pick<Instrument, 'type' | 'unit' | 'help' | 'group'> {
  readonly name: string;
  readonly bounds: readonly number[];
  readonly samples: readonly Sample[];
}

/** Where metrics are made and read. Asking twice for one name gives the same metric. */
export interface Metrics<I extends Instruments = AllInstruments> {
  counter(name: NameOf<I, 'counter'>): Counter;
  gauge(name: NameOf<I, 'gauge' | 'updown'>): Gauge;
  histogram(name: NameOf<I, 'histogram'>): Histogram;
  /** Runs before each reading, for what is looked up rather than kept. Returns what stops it. */
  beforeRead(fill: () => void): () => void;
  /** Forgets every series, of whatever metric, that has all of these labels: what they name is gone for good. */
  forget(labels: Labels): void;
  families(): readonly Family[];
}

interface Series {
  readonly labels: Labels;
  value: number;
  count: number;
  readonly buckets: number[];
}

interface Kept {
  readonly name: string;
  readonly instrument: Instrument;
  readonly series: Map<string, Series>;
}

/** A registry of its own; nothing is global. */
export function createMetrics(): Metrics;
export function createMetrics<I extends Instruments>(instruments: I): Metrics<I>;
export function createMetrics(instruments: Instruments = INSTRUMENTS): unknown {
  return registry(instruments);
}

/** `Metrics` with its names as plain text; that they are there, and of the right type, is looked at when they are asked for. */
type Registry = Omit<Metrics, 'counter' | 'gauge' | 'histogram'> & {
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  histogram(name: string): Histogram;
};

function registry(instruments: Instruments): Registry {
  const kept = new Map<string, Kept>();
  const fills = new Set<() => void>();

  function keep(name: string, ...types: MetricType[]): Kept {
    const instrument = instruments[name];
    invariant(instrument, `there is no instrument ${name}`);
    invariant(types.includes(instrument.type), `${name} is a ${instrument.type}`);
    const there = kept.get(name) ?? { name, instrument, series: new Map<string, Series>() };
    kept.set(name, there);
    return there;
  }

  return {
    counter(name) {
      const metric = keep(name, 'counter');
      return {
        add(labels = {}, by = 1) {
          invariant(by >= 0, `counter ${name} cannot fall`);
          seriesOf(metric, labels).value += by;
        },
      };
    },
    gauge(name) {
      const metric = keep(name, 'gauge', 'updown');
      return {
        set: (value, labels = {}) => void (seriesOf(metric, labels).value = value),
        add: (by, labels = {}) => void (seriesOf(metric, labels).value += by),
        remove: (labels = {}) => void metric.series.delete(keyOf(labels)),
        clear: () => metric.series.clear(),
      };
    },
    histogram(name) {
      const metric = keep(name, 'histogram');
      const { bounds = [] } = metric.instrument;
      return {
        observe: (value, labels = {}) => observe(seriesOf(metric, labels), bounds, value),
        of(labels) {
          const series = seriesOf(metric, labels);
          return { observe: (value) => observe(series, bounds, value) };
        },
      };
    },
    beforeRead(fill) {
      fills.add(fill);
      return () => void fills.delete(fill);
    },
    forget(labels) {
      const wanted = Object.entries(labels);
      for (const { series } of kept.values())
        for (const [key, one] of series)
          if (wanted.every(([name, value]) => one.labels[name] === value)) series.delete(key);
    },
    families() {
      for (const fill of fills) fill();
      return [...kept.values()].map(family);
    },
  };
}

function observe(series: Series, bounds: readonly number[], value: number): void {
  series.value += value;
  series.count++;
  let at = 0;
  while (at < bounds.length && value > (bounds[at] as number)) at++;
  if (at < bounds.length) series.buckets[at] = (series.buckets[at] as number) + 1;
}

function seriesOf({ name, instrument, series }: Kept, labels: Labels): Series {
  const key = keyOf(labels);
  let one = series.get(key);
  if (!one) {
    for (const label of Object.keys(labels))
      invariant(instrument.attributes.includes(label), `${name} has no attribute ${label}`);
    one = { labels, value: 0, count: 0, buckets: Array.from({ length: instrument.bounds?.length ?? 0 }, () => 0) };
    series.set(key, one);
  }
  return one;
}

function family({ name, instrument, series }: Kept): Family {
  const { type, unit, help, group, bounds = [] } = instrument;
  return { name, type, unit, help, group, bounds, samples: [...series.values()].map((one) => sample(type, one)) };
}

function sample(type: MetricType, { labels, value, count, buckets }: Series): Sample {
  if (type !== 'histogram') return { labels, value };
  let sum = 0;
  return { labels, value, count, buckets: [...buckets.map((own) => (sum += own)), count] };
}

/** The families of several registries as those of one. */
export function joined(...registries: readonly (readonly Family[])[]): Family[] {
  const all = new Map<string, Family>();
  for (const one of registries.flat()) {
    const known = all.get(one.name);
    all.set(one.name, known ? { ...known, samples: [...known.samples, ...one.samples] } : one);
  }
  return [...all.values()];
}

/** Labels that are used again and again, as on a request's path, are spelled out once. */
const keys = new WeakMap<Labels, string>();

function keyOf(labels: Labels): string {
  let key = keys.get(labels);
  if (key !== undefined) return key;
  key = '';
  for (const name of Object.keys(labels).sort()) key += `${name}\u0000${labels[name]}\u0001`;
  keys.set(labels, key);
  return key;
}
