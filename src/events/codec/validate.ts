// Whether attributes make a proper CloudEvent: what Knative refuses is refused, and what it lets pass is let pass.

import type { AttributeValue, CloudEvent } from '../event.ts';
import { SPEC_VERSIONS } from '../event.ts';
import { mediaType } from './media-type.ts';
import { isTimestamp } from './timestamp.ts';
import { isAbsolute, uriFault } from './uri.ts';

const NAME = /^[a-z\d]+$/;

/** Whether an attribute may be called so (CloudEvents 1.0.2 §3 “Naming Conventions”). `data` is kept for the data. */
export function isAttributeName(name: string): boolean {
  return NAME.test(name) && name !== 'data';
}

/** What is expected of an attribute's name, for messages. */
export const NAME_RULE = 'lower-case letters a to z and digits, and not be data';

/** One line for each rule that an event breaks: what was expected and what was met. Empty for a proper event. */
export function faultsOf({ attributes }: CloudEvent): string[] {
  const faults: string[] = [];
  const version = attributes.get('specversion');
  if (!SPEC_VERSIONS.some((known) => known === version))
    faults.push(`specversion must be ${SPEC_VERSIONS.join(' or ')}, but is ${shown(version)}`);
  for (const name of ['id', 'source', 'type']) checkRequired(attributes, name, faults);
  for (const [name, value] of attributes) {
    const fault = (version === '0.3' ? CHECKS_03 : CHECKS).get(name)?.(value);
    if (fault !== undefined) faults.push(`${name} must be ${fault}`);
  }
  return faults;
}

function checkRequired(attributes: CloudEvent['attributes'], name: string, faults: string[]): void {
  const value = attributes.get(name);
  if (value === undefined) faults.push(`${name} must be set, but is missing`);
  else if (typeof value !== 'string' || isBlank(value))
    faults.push(`${name} must be a text that is not empty, but is ${shown(value)}`);
}

/** What is wrong, in words that follow “must be”. */
type Check = (value: AttributeValue) => string | undefined;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['source', referenceFault],
  ['datacontenttype', typeFault],
  ['dataschema', schemaFault],
  ['subject', subjectFault],
  ['time', timeFault],
]);

const CHECKS_03: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['source', referenceFault],
  ['datacontenttype', typeFault],
  ['schemaurl', referenceFault],
  ['subject', subjectFault],
  ['time', timeFault],
]);

function referenceFault(value: AttributeValue): string | undefined {
  const fault = uriFault(String(value));
  return fault === undefined ? undefined : `a URI reference, but is ${fault}: ${shown(value)}`;
}

function typeFault(value: AttributeValue): string | undefined {
  if (typeof value === 'string' && mediaType(value)) return undefined;
  return `a media type such as application/json, but is ${shown(value)}`;
}

function schemaFault(value: AttributeValue): string | undefined {
  if (typeof value === 'string' && isAbsolute(value) && uriFault(value) === undefined) return undefined;
  return `an absolute URI, but is ${shown(value)}`;
}

function subjectFault(value: AttributeValue): string | undefined {
  if (typeof value === 'string' && !isBlank(value)) return undefined;
  return `a text that is not empty, but is ${shown(value)}`;
}

function timeFault(value: AttributeValue): string | undefined {
  if (typeof value === 'string' && isTimestamp(value)) return undefined;
  return `a time of RFC 3339 such as 2018-04-05T17:31:00Z, but is ${shown(value)}`;
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

const MOST_SHOWN = 100;

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
