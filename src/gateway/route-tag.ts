// By which traffic tag a request came, as Knative's queue-proxy tells it of every request.

import { headerValue } from './headers.ts';
import type { RoutePath } from './routes.ts';
import type { Exchange } from './transport.ts';

/** By which clients and routes name the tag, as routes spell it. */
const TAG_HEADER = 'Knative-Serving-Tag';
const TAG_FIELD = TAG_HEADER.toLowerCase();
/** What routes set where no tag has matched, as long as tags are chosen by header. */
const DEFAULT_ROUTE_HEADER = 'Knative-Serving-Default-Route';

/** The client named no tag. */
const DEFAULT = 'kn:default';
/** The client named a tag that the route does not have. */
const UNDEFINED = 'kn:undefined';
/** Nobody chooses tags by header here. A client's header counts for nothing then, or it could make series as it likes. */
const DISABLED = 'kn:disabled';

/** All that are no tags, the most frequent one first. */
export const NO_TAGS: readonly string[] = [DISABLED, DEFAULT, UNDEFINED];

/** `set` is what the route sets on the request. Asked for each request, so nothing is made here. */
export function routeTag(
  { match }: Pick<RoutePath, 'match'>,
  set: Readonly<Record<string, string>>,
  exchange: Pick<Exchange, 'headers' | 'passing'>,
): string {
  const tag = set[TAG_HEADER] ?? tagMatched(match);
  if (tag !== undefined) return tag;
  if (set[DEFAULT_ROUTE_HEADER] === undefined) return DISABLED;
  return namesTag(exchange) ? UNDEFINED : DEFAULT;
}

/** The tag of a path that only requests with its header find. */
function tagMatched(match: RoutePath['match']): string | undefined {
  for (const one of match) if (one[0] === TAG_FIELD) return one[1];
  return undefined;
}

/** The header is one that does not pass, so where all others do there is none. */
function namesTag(exchange: Pick<Exchange, 'headers' | 'passing'>): boolean {
  return exchange.passing === undefined && Boolean(headerValue(exchange.headers, TAG_FIELD));
}
