// How ports, variables and their like must be named, beside what the machinery's own rules say of names.

import type { NameRule } from '#machinery/mod.ts';
import { dns1035Label } from '#machinery/mod.ts';

const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const HEADER = '[-A-Za-z0-9]+';
const PERCENT = '[0-9]+%';

function rule(pattern: string, sentence: string, ...examples: string[]): NameRule {
  const whole = new RegExp(`^${pattern}$`);
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  const fault = `${sentence} (e.g. ${shown}regex used for validation is '${pattern}')`;
  return (text) => (whole.test(text) ? [] : [fault]);
}

export const cIdentifier = rule(
  C_IDENTIFIER,
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);

export const headerName = rule(
  HEADER,
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  'X-Header-Name',
);

export const percentage = rule(
  PERCENT,
  "a valid percent string must be a numeric string followed by an ending '%'",
  '1%',
  '93%',
);

/** The beginning of a DNS label that a suffix will follow: a dash at its end counts as a letter. */
export const dns1035Prefix: NameRule = (text) =>
  dns1035Label(text.endsWith('-') && text.length > 1 ? `${text.slice(0, -1)}a` : text);

/** The faults of a port's number. */
export function portNumber(port: number): readonly string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** The name of a port (IANA_SVC_NAME). */
export const portName: NameRule = (name) => {
  const faults = name.length > 15 ? ['must be no more than 15 characters'] : [];
  if (!/^[-a-z0-9]+$/.test(name)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)');
  if (name.includes('--')) faults.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
};

/** The name of an environment variable. */
export const envName: NameRule = (name) => {
  if (name === '') return ['environment variable name must be non-empty'];
  if (/^[ -<>-~]+$/.test(name)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};
