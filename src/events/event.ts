// A CloudEvent as the data plane has it: context attributes in order of arrival, and the bytes of its data as they came.

/**
 * As it came: in binary mode all are strings; an event in the JSON format may carry 32 bit integers and booleans.
 * Times, URIs and bytes stay the text that they came as.
 */
export type AttributeValue = string | number | boolean;

export interface CloudEvent {
  /**
   * By lower-case name, in order of arrival: `specversion`, `id`, `source` and `type` always, `datacontenttype`, `dataschema`
   * (`schemaurl` in 0.3), `subject` and `time` where they are set, and extensions.
   */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** The bytes as they came, whatever the mode: undefined where there are none. Not to be changed. */
  readonly data: Uint8Array | undefined;
  /**
   * Header texts of binary mode, by attribute, where the sender encoded a value otherwise than Ebb would: they go on as they
   * were written, since many SDKs neither encode nor decode. `attributes` has their meaning.
   */
  readonly written?: ReadonlyMap<string, string> | undefined;
}

/** Versions of CloudEvents that are understood (`specversion`). */
export const SPEC_VERSIONS = ['1.0', '0.3'] as const;

/** Attributes that the spec itself defines, by version; all others are extensions. */
export const CORE_ATTRIBUTES: Readonly<Record<(typeof SPEC_VERSIONS)[number], ReadonlySet<string>>> = {
  '1.0': new Set(['specversion', 'id', 'source', 'type', 'datacontenttype', 'dataschema', 'subject', 'time']),
  '0.3': new Set([
    'specversion',
    'id',
    'source',
    'type',
    'datacontenttype',
    'datacontentencoding',
    'schemaurl',
    'subject',
    'time',
  ]),
};

/** A value in its canonical string form (CloudEvents 1.0.2 §3 “Type System”). */
export function attributeText(value: AttributeValue): string {
  return typeof value === 'string' ? value : String(value);
}

/** The canonical text of an attribute; undefined where it is not set. */
export function textOf(event: CloudEvent, name: string): string | undefined {
  const value = event.attributes.get(name);
  return value === undefined ? undefined : attributeText(value);
}

/** The same event with some attributes set, or with those given as undefined removed. The data is shared. */
export function withAttributes(
  event: CloudEvent,
  changes: Readonly<Record<string, AttributeValue | undefined>>,
): CloudEvent {
  const attributes = new Map(event.attributes);
  let { written } = event;
  for (const name in changes) {
    const value = changes[name];
    if (value === undefined) attributes.delete(name);
    else attributes.set(name, value);
    if (written?.has(name)) written = new Map([...written].filter(([other]) => other !== name));
  }
  return written ? { attributes, data: event.data, written } : { attributes, data: event.data };
}
