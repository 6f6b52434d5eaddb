// What a visit to a page came to, as the browser tells it; how that is told, and what counts as good.

/** What one URL was answered with, on the way to the page or as the page. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  /** As it was negotiated: `h2`, `http/1.1`. */
  readonly protocol: string;
  /** The browser's own number of the connection. */
  readonly connection: number;
  /** Absent where it came without TLS. */
  readonly certificate?: { readonly tls: string; readonly names: readonly string[]; readonly issuer: string };
}

export interface Visit {
  /** Redirects, then the page. */
  readonly answers: readonly Answer[];
  /** Why there is no page, as `net::ERR_…`. */
  readonly error?: string;
  /** What the browser thinks of the page's connection: `secure`, `neutral`, `insecure`, … */
  readonly state: string;
  /** Of the certificate that the browser thinks that of. */
  readonly serial?: string;
  /** What is to be read on the page, also on one that the browser shows instead. */
  readonly text: string;
}

/** An answer a line, then what the browser thinks of it, then what the page says; of a page of the browser's own, what it is headed with. */
export function told({ answers, error, state, text }: Visit): string[] {
  const { tls, names = [], issuer } = answers.at(-1)?.certificate ?? {};
  const said = text.split('\n').filter((line) => line.trim() !== '');
  return [
    ...answers.map(({ status, protocol, url }) => `${status} ${protocol} ${url}`),
    ...(error ? [error] : []),
    tls ? `${state}: ${tls}, ${names.join(' ')} by ${issuer}` : state,
    ...(error ? said.slice(0, 1) : said),
  ];
}

/** Whether the page came over HTTP/2, by a connection that the browser calls secure. */
export function isGood({ answers, error, state }: Visit): boolean {
  const page = answers.at(-1);
  return !error && page?.status === 200 && page.protocol === 'h2' && state === 'secure';
}
