// The name of one state of a KIngress, by which probers tell whether the gateway has it: SHA-256 of the spec as Go writes
// its JSON, then namespace and name (knative.dev/networking, pkg/ingress).

import { createHash } from 'node:crypto';
import type { IngressPath, IngressRule, IngressSplit, IngressTls, KIngress } from '#kinds/mod.ts';

export function ingressHash({ metadata, spec }: KIngress): string {
  const text = goJson({
    tls: filled(spec.tls?.map(tlsOf)),
    rules: filled(spec.rules?.map(ruleOf)),
    httpOption: spec.httpOption || undefined,
  });
  return createHash('sha256')
    .update(`${text}${metadata.namespace ?? ''}${metadata.name}`)
    .digest('hex');
}

function tlsOf({ hosts, secretName, secretNamespace }: IngressTls): object {
  return {
    hosts: filled(hosts),
    secretName: secretName || undefined,
    secretNamespace: secretNamespace || undefined,
  };
}

function ruleOf({ hosts, visibility, http }: IngressRule): object {
  return {
    hosts: filled(hosts),
    visibility: visibility || undefined,
    http: http && { paths: http.paths.map(pathOf) },
  };
}

function pathOf({ path, rewriteHost, headers, splits, appendHeaders }: IngressPath): object {
  return {
    path: path || undefined,
    rewriteHost: rewriteHost || undefined,
    headers: sorted(headers),
    splits: splits.map(splitOf),
    appendHeaders: sorted(appendHeaders),
  };
}

function splitOf({ serviceNamespace, serviceName, servicePort, percent, appendHeaders }: IngressSplit): object {
  return {
    serviceNamespace,
    serviceName,
    servicePort,
    percent: percent || undefined,
    appendHeaders: sorted(appendHeaders),
  };
}

/** An empty list is left out. */
function filled<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

/** Go writes the keys of a map in order, and leaves an empty one out. */
function sorted<T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

const ESCAPED = /[<>&\u2028\u2029]/g;

/** Go escapes what could end a script in HTML. */
function goJson(value: object): string {
  return JSON.stringify(value).replaceAll(
    ESCAPED,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
