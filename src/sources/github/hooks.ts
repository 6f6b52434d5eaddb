// Webhooks at GitHub: made, changed and removed by its REST API.

/** A webhook as it should be. */
export interface WantedHook {
  /** Of the API, as https://api.github.com/. */
  readonly apiUrl: string;
  readonly token: string;
  /** `OWNER/NAME`, or an organization. */
  readonly owner: string;
  /** What GitHub is to call. */
  readonly url: string;
  readonly secret: string;
  readonly events: readonly string[];
  /** Whether it checks the certificate of `url`. */
  readonly secure: boolean;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks an API by HTTPS. Rejects where nobody answers. */
export type AskApi = (method: string, url: string, token: string, body?: object) => Promise<ApiAnswer>;

type Place = Pick<WantedHook, 'apiUrl' | 'token' | 'owner'>;

/** Makes the webhook, or changes the one that calls this URL already. Its id. Throws in words. */
export async function keepHook(ask: AskApi, wanted: WantedHook): Promise<string> {
  const { token, url, secret, secure } = wanted;
  const hook = {
    name: 'web',
    active: true,
    events: wanted.events,
    config: { url, secret, content_type: 'json', insecure_ssl: secure ? '0' : '1' },
  };
  const known = await findHook(ask, wanted);
  const answer = known
    ? await ask('PATCH', `${hooksUrl(wanted)}/${known}`, token, hook)
    : await ask('POST', hooksUrl(wanted), token, hook);
  const id = idOf(answer.body);
  if (answer.status >= 300 || !id) throw new Error(refusal(answer, wanted.owner));
  return id;
}

/** One that is gone already is as good. */
export async function removeHook(ask: AskApi, place: Place, id: string): Promise<void> {
  const answer = await ask('DELETE', `${hooksUrl(place)}/${id}`, place.token);
  if (answer.status >= 300 && answer.status !== 404) throw new Error(refusal(answer, place.owner));
}

async function findHook(ask: AskApi, wanted: WantedHook): Promise<string | undefined> {
  const answer = await ask('GET', `${hooksUrl(wanted)}?per_page=100`, wanted.token);
  if (answer.status >= 300 || !Array.isArray(answer.body)) throw new Error(refusal(answer, wanted.owner));
  const found = (answer.body as { config?: { url?: string } }[]).find(({ config }) => config?.url === wanted.url);
  return idOf(found);
}

function hooksUrl({ apiUrl, owner }: Place): string {
  const base = apiUrl.replace(/\/$/, '');
  return owner.includes('/') ? `${base}/repos/${owner}/hooks` : `${base}/orgs/${owner}/hooks`;
}

function idOf(hook: unknown): string | undefined {
  const { id } = (hook ?? {}) as { id?: number | string };
  return id === undefined ? undefined : String(id);
}

function refusal({ status, body }: ApiAnswer, owner: string): string {
  const { message = '' } = (body ?? {}) as { message?: string };
  const hint = status === 404 || status === 403 ? `; the token must be allowed to administer webhooks of ${owner}` : '';
  return `GitHub answered ${status}${message ? ` (${message})` : ''}${hint}`;
}
