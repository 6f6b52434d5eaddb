// How an event of a kilobyte is published by each protocol, and how the answer is told. One request at a time on a connection.

/** What a connection says and hears. */
export interface Speech {
  /** What is said first. */
  readonly hello: string;
  /** A request that publishes the event of this number. */
  request(number: number): Buffer;
  /** Whether the text of what came is a whole answer. Throws where the answer is a refusal. */
  isAnswer(text: string): boolean;
}

/** Where a server of HTTP takes events. */
export interface Place {
  /** That of Brokers unless told. */
  readonly host?: string | undefined;
  readonly path: string;
}

export type Protocol = 'http' | 'nats' | 'redis';

export const BROKER_HOST = 'broker-ingress.knative-eventing.svc.cluster.local';
export const TYPE = 'com.example.order.created';
/** What stands before an event's number in its subject; by it subscribers know it again. */
export const SUBJECT = 'order/';

const BODY_BYTES = 1024;
const BODY_START = '{"text":"';
const TEXT = 'An event of a kilobyte, as most are. '.repeat(40).slice(0, BODY_BYTES - BODY_START.length - 2);
export const BODY = `${BODY_START}${TEXT}"}`;

/** The attributes of an event, as an SDK writes them. */
export function attributes(number: number): readonly (readonly [name: string, value: string])[] {
  const id = String(number).padStart(9, '0');
  return [
    ['specversion', '1.0'],
    ['id', id],
    ['source', '/orders/eu'],
    ['type', TYPE],
    ['time', '2026-04-05T17:31:00.123456Z'],
    ['subject', `${SUBJECT}${id}`],
  ];
}

function http({ host = BROKER_HOST, path }: Place): Speech {
  const first = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Go-http-client/1.1\r\n`;
  const last = `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\nAccept-Encoding: gzip\r\n\r\n${BODY}`;
  return {
    hello: '',
    request(number) {
      const fields = attributes(number).map(([name, value]) => `Ce-${name}: ${value}\r\n`);
      return Buffer.from(`${first}${fields.join('')}${last}`);
    },
    isAnswer(text) {
      if (!text.endsWith('\r\n\r\n')) return false;
      if (!text.startsWith('HTTP/1.1 202')) throw new Error(`expected 202, but was told ${text}`);
      return true;
    },
  };
}

let inboxes = 0;

/** By the NATS binding of CloudEvents: attributes are headers. */
function nats(): Speech {
  const inbox = `inbox.${process.pid}.${inboxes++}`;
  return {
    hello: `CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB ${inbox} 1\r\n`,
    request(number) {
      const fields = attributes(number).map(([name, value]) => `ce-${name}: ${value}\r\n`);
      const head = `NATS/1.0\r\n${fields.join('')}content-type: application/json\r\n\r\n`;
      const sizes = `${head.length} ${head.length + BODY.length}`;
      return Buffer.from(`HPUB bench ${inbox} ${sizes}\r\n${head}${BODY}\r\n`);
    },
    isAnswer(text) {
      const at = text.indexOf('MSG ');
      const [, answer] = text.slice(at).split('\r\n');
      if (at < 0 || !answer?.endsWith('}')) return false;
      if (answer.includes('"error"')) throw new Error(`expected an acknowledgement, but was told ${answer}`);
      return true;
    },
  };
}

function redis(): Speech {
  return {
    hello: '',
    request(number) {
      const fields = [...attributes(number), ['datacontenttype', 'application/json'], ['data', BODY]].flat();
      return Buffer.from(command(['XADD', 'bench', '*', ...fields]));
    },
    isAnswer(text) {
      if (text.startsWith('-')) throw new Error(`expected an id, but was told ${text}`);
      return text.endsWith('\r\n') && text.indexOf('\r\n') < text.length - 2;
    },
  };
}

/** A command to Redis. */
export function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

export const SPEECHES: Readonly<Record<Protocol, (place: Place) => Speech>> = { http, nats, redis };
