// Header blocks of SPDY/3 (draft-mbelshe-httpbis-spdy-00 §2.6.10): names and values, compressed with a dictionary that both ends know.

import { constants, createInflate } from 'node:zlib';
import type { Inflate } from 'node:zlib';

/** §2.6.10.1: words with their lengths before them, then what needs none. */
const WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin';
const REST =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

export const DICTIONARY: Buffer = Buffer.concat([
  ...WORDS.split(' ').map((word) => sized(word.replace('_', ' '))),
  Buffer.from(REST),
]);

const MOST_HEADER_BYTES = 16 * 1024;
const MOST_HEADERS = 64;

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

/** Reads the blocks of one direction of a connection, in their order, one at a time. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  #chunks: Buffer[] = [];
  #bytes = 0;
  #failed: (error: Error) => void = () => {};

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#inflate.on('error', (error) => this.#failed(error));
  }

  /** Rejects where the block is broken or too long, and ever after. */
  async read(block: Buffer): Promise<Map<string, string>> {
    this.#chunks = [];
    this.#bytes = 0;
    await new Promise<void>((resolve, reject) => {
      this.#failed = reject;
      this.#inflate.write(block, (error) => {
        const failed = error ?? this.#inflate.errored;
        if (failed) reject(failed);
        else resolve();
      });
    });
    return pairsIn(Buffer.concat(this.#chunks));
  }

  close(): void {
    this.#inflate.close();
  }

  /** A few bytes may unpack to a thousand times as many, so it is stopped while it unpacks. */
  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= MOST_HEADER_BYTES) this.#chunks.push(chunk);
    else this.#inflate.destroy(new Error(`headers are longer than ${MOST_HEADER_BYTES} bytes`));
  }
}

function pairsIn(bytes: Buffer): Map<string, string> {
  const count = bytes.readUInt32BE(0);
  if (count > MOST_HEADERS) throw new Error(`there are more than ${MOST_HEADERS} headers`);
  const pairs = new Map<string, string>();
  let at = 4;
  const word = () => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.toString('utf8', at - length, at);
  };
  for (let i = 0; i < count; i++) {
    const name = word();
    pairs.set(name, word());
  }
  return pairs;
}

/** RFC 1950: deflate with a window of 32 KiB and a dictionary, whose checksum follows. */
const ZLIB_HEAD = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);

/** Four bytes as they are, the count of none, and the empty block by which readers know that all before it may be used (RFC 1951 §3.2.4). */
const NONE_STORED = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);

/** A block without headers, as the first or a later one of a connection: stored, not packed. */
export function emptyHeaders(isFirst: boolean): Buffer {
  return isFirst ? Buffer.concat([ZLIB_HEAD, NONE_STORED]) : NONE_STORED;
}
