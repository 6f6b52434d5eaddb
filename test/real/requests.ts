// Requests of three sorts: a plain one, an upload that takes its time, and an upgraded connection that is used in both directions.

import { request } from 'node:http';
import { connect } from 'node:net';

export interface Target {
  /** The gateway's port on this machine. */
  readonly port: number;
  /** The Host of the service. */
  readonly host: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export function get({ port, host }: Target): Promise<Answer> {
  return send(port, host, 'GET', (outgoing) => outgoing.end());
}

/** Sends `chunks` pieces of 1 KB with a pause between them. */
export function slowUpload({ port, host }: Target, chunks: number, pauseMs: number): Promise<Answer> {
  return send(port, host, 'POST', (outgoing) => {
    let sent = 0;
    const next = () => {
      if (sent++ === chunks) return void outgoing.end();
      outgoing.write(Buffer.alloc(1024));
      setTimeout(next, pauseMs);
    };
    next();
  });
}

function send(
  port: number,
  host: string,
  method: string,
  write: (outgoing: ReturnType<typeof request>) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path: '/', headers: { host }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    outgoing.once('error', reject);
    write(outgoing);
  });
}

/** Opens an upgraded connection, says each word and waits for its echo, `pauseMs` apart; gives what came back. */
export function converse({ port, host }: Target, words: readonly string[], pauseMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const heard: string[] = [];
    let text = '';
    let open = false;
    const say = () => {
      const word = words[heard.length];
      if (word === undefined) return void socket.end();
      socket.write(`${word}\n`);
    };
    socket.once('connect', () =>
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`),
    );
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (!open) {
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!text.startsWith('HTTP/1.1 101'))
          return void socket.destroy(new Error(`expected 101, got ${text.slice(0, 60)}`));
        open = true;
        text = text.slice(end + 4);
        say();
      }
      for (let line = text.indexOf('\n'); line >= 0; line = text.indexOf('\n')) {
        heard.push(text.slice(0, line));
        text = text.slice(line + 1);
        setTimeout(say, pauseMs);
      }
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(heard));
  });
}
