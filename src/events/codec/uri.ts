// What counts as a URI reference: what Go's parser takes, which is what Knative takes. It is wider than RFC 3986 (spaces and letters
// beyond ASCII may stand in a path), and narrower where a colon or an escape would be misread.

const SCHEME = /^[A-Za-z][A-Za-z\d+.-]*:/;
const CONTROL = /\p{Cc}/u;
const BROKEN_ESCAPE = /%(?![\da-fA-F]{2})/;
const AUTHORITY = /^(?:[^\s@<>"\\^`{|}/?#]*@)?(?:\[[^\s\]<>"\\^`{|}]*\]|[^\s:[\]<>"\\^`{|}]*)(?::\d*)?$/;

/** Why a text is no URI reference, in words that follow “is”; undefined where it is one. */
export function uriFault(text: string): string | undefined {
  if (CONTROL.test(text)) return 'one with a control character';
  const hash = text.indexOf('#');
  const beforeFragment = hash < 0 ? text : text.slice(0, hash);
  if (hash >= 0 && BROKEN_ESCAPE.test(text.slice(hash))) return 'one with a broken escape';
  const scheme = SCHEME.exec(beforeFragment)?.[0] ?? '';
  const [rest = ''] = beforeFragment.slice(scheme.length).split('?', 1);
  if (!rest.startsWith('/')) return scheme === '' ? relativeFault(rest) : undefined;
  return rest.startsWith('//') ? authorityFault(rest) : pathFault(rest);
}

/** Whether it begins with a scheme (RFC 3986 §4.3). */
export function isAbsolute(uri: string): boolean {
  return SCHEME.test(uri);
}

/** A colon in the first segment would make what is before it a scheme. */
function relativeFault(path: string): string | undefined {
  const [first = ''] = path.split('/', 1);
  return first.includes(':') ? 'one with a colon in its first segment, but without a scheme' : pathFault(path);
}

function pathFault(path: string): string | undefined {
  return BROKEN_ESCAPE.test(path) ? 'one with a broken escape' : undefined;
}

function authorityFault(rest: string): string | undefined {
  const slash = rest.indexOf('/', 2);
  const authority = rest.slice(2, slash < 0 ? undefined : slash);
  if (!AUTHORITY.test(authority)) return 'one with a broken host';
  return pathFault(rest);
}
