// What is sent on to a target: which of its ports, under which host, with which headers.

import type { Activator } from './activator.ts';
import type { Split } from './control.ts';
import { Fields } from './fields.ts';
import { onwardFields } from './headers.ts';
import type { Onward } from './passage.ts';
import type { RequestTraces } from './request-trace.ts';
import { routeTag } from './route-tag.ts';
import type { RoutePath } from './routes.ts';
import type { Exchange } from './transport.ts';

/** The share of a path that a request has got. */
export interface Chosen {
  readonly path: RoutePath;
  readonly split: Split;
  readonly set: Readonly<Record<string, string>>;
  readonly attachment: Onward['attachment'];
}

export function onwardTo(
  activator: Activator,
  exchange: Exchange,
  { path, split, set, attachment }: Chosen,
): Onward | undefined {
  const target = activator.target(split.target);
  if (!target) return undefined;
  const { port } = split;
  const protocol = port === undefined ? target.protocol : (target.protocols?.[port] ?? 'http1');
  const { rewriteHost } = path;
  return {
    key: split.target,
    target,
    protocol,
    port,
    attachment,
    path: exchange.target,
    authority: rewriteHost ?? exchange.authority,
    tag: routeTag(path, set, exchange),
    fields: onwardFields(exchange, {
      set,
      protocol,
      originalHost: rewriteHost === undefined ? undefined : exchange.authority,
    }),
  };
}

/** The same, with what tracing adds to it. */
export function traced(traces: RequestTraces, exchange: Exchange, route: string, onward: Onward): Onward {
  const { key, target, tag, fields } = onward;
  const { headers, trace } = traces.begin({ exchange, key, target, route, tag, headers: fields.list });
  return { ...onward, fields: Fields.of(headers), trace };
}

const together = new WeakMap<
  Split,
  { under: Readonly<Record<string, string>>; all: Readonly<Record<string, string>> }
>();

/** What the path and the split set: made once, so that what is derived from it is, too. */
export function togetherWith(under: Readonly<Record<string, string>>, split: Split): Readonly<Record<string, string>> {
  const known = together.get(split);
  if (known?.under === under) return known.all;
  const all = { ...under, ...split.setHeaders };
  together.set(split, { under, all });
  return all;
}
