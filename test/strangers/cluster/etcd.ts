// etcd by its JSON gateway: so that a test says exactly what a cluster holds, with uids, generations and times that no API would take.

/** What a cluster's API server keeps its objects in. */
export interface Etcd {
  put(key: string, value: unknown): Promise<void>;
  /** Removes all keys that begin so. */
  removeAll(prefix: string): Promise<void>;
}

export function etcdAt(url: string): Etcd {
  const ask = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd answered ${response.status}: ${await response.text()}`);
  };
  return {
    put: (key, value) => ask('put', { key: base64(key), value: base64(JSON.stringify(value)) }),
    removeAll: (prefix) => ask('deleterange', { key: base64(prefix), range_end: afterAll(prefix) }),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The first key after all that begin with the prefix. */
function afterAll(prefix: string): string {
  const bytes = Buffer.from(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes.toString('base64');
}
