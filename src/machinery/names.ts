// How names, labels and annotation keys must look, and Kubernetes' sentences where they do not (apimachinery's util/validation).

/** The faults of a name, each a sentence; empty where it is fine. */
export type NameRule = (name: string) => readonly string[];

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;

const LABEL_TEXT = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const SUBDOMAIN_TEXT = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_1035_TEXT = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${LABEL_1035}')`;
const QUALIFIED_TEXT = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;
const LABEL_VALUE_TEXT = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`;

function rule(pattern: string, text: string, maxBytes: number): NameRule {
  const whole = new RegExp(`^${pattern}$`);
  return (name) => [
    ...(name.length > maxBytes ? [`must be no more than ${maxBytes} characters`] : []),
    ...(whole.test(name) ? [] : [text]),
  ];
}

/** A label of a domain name, at most 63 bytes. */
export const dns1123Label = rule(LABEL, LABEL_TEXT, 63);

/** A domain name, at most 253 bytes; the rule for most kinds' names. */
export const dns1123Subdomain = rule(SUBDOMAIN, SUBDOMAIN_TEXT, 253);

/** What keeps a text from being the whole name of a host, told of a field; undefined where nothing does. */
export function fullyQualifiedDomainNameFault(field: string, text: string): string | undefined {
  if (text === '') return `${field}: Required value`;
  const invalid = (value: string, why: string) => `${field}: Invalid value: ${JSON.stringify(value)}: ${why}`;
  const name = text.replace(/\.$/, '');
  const faults = dns1123Subdomain(name);
  if (faults.length > 0) return invalid(name, faults.join(','));
  const labels = name.split('.');
  if (labels.length < 2) return invalid(name, 'should be a domain with at least two segments separated by dots');
  const bad = labels.find((label) => dns1123Label(label).length > 0);
  return bad === undefined ? undefined : invalid(bad, dns1123Label(bad).join(','));
}

/** A label that begins with a letter: the rule for Services' names. */
export const dns1035Label = rule(LABEL_1035, LABEL_1035_TEXT, 63);

/** The value of a label; may be empty. */
export const labelValue = rule(LABEL_VALUE, LABEL_VALUE_TEXT, 63);

const qualifiedPart = rule(QUALIFIED, QUALIFIED_TEXT, 63);

/** Anything that may stand in a URL's path: the rule for names of RBAC kinds. */
export const pathSegment: NameRule = (name) => {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
};

/** A key of a label, an annotation or a finalizer: `name`, or `domain/name`. */
export const qualifiedName: NameRule = (key) => {
  const [first = '', second, ...more] = key.split('/');
  if (more.length > 0) {
    return [
      `a qualified name ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (second === undefined) return nameFaults(first);
  const prefix =
    first === '' ? ['prefix part must be non-empty'] : dns1123Subdomain(first).map((text) => `prefix part ${text}`);
  return [...prefix, ...nameFaults(second)];
};

function nameFaults(name: string): readonly string[] {
  const empty = name === '' ? ['name part must be non-empty'] : [];
  return [...empty, ...qualifiedPart(name).map((text) => `name part ${text}`)];
}
