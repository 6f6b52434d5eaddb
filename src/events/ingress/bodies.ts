// Bodies that are taken into memory whole: each up to a bound, and all that are there at once up to another.

/** Who takes a body. */
interface BodyTaker {
  data(chunk: Uint8Array): void;
  end(): void;
  failed(error: Error): void;
}

/** The part of a gateway's exchange that has a body. */
export interface Bodied {
  readonly bodyLength: number | undefined;
  readonly body: { start(sink: BodyTaker): void };
}

export interface BodyLimits {
  /** Of one body. */
  readonly bodyBytes: number;
  /** Of all that are held at once, until what is done with them is over. */
  readonly heldBytes: number;
}

/** Why a body was not taken. */
export type BodyFault = 'too-large' | 'busy' | 'broken-off';

const NO_BODY = new Uint8Array(0);

export class Bodies {
  readonly limits: BodyLimits;
  #held = 0;

  constructor(limits: BodyLimits) {
    this.limits = limits;
  }

  /** Gives the body to `use`, and holds it until that is over; or says, once, why there is none. `use` never rejects. */
  take(of: Bodied, use: (body: Uint8Array) => Promise<void>, refuse: (fault: BodyFault) => void): void {
    const { bodyLength = 0 } = of;
    const { bodyBytes, heldBytes } = this.limits;
    if (bodyLength > bodyBytes) return refuse('too-large');
    if (this.#held + bodyLength > heldBytes) return refuse('busy');
    this.#collect(of, use, refuse);
  }

  #collect({ body }: Bodied, use: (body: Uint8Array) => Promise<void>, refuse: (fault: BodyFault) => void): void {
    const { bodyBytes, heldBytes } = this.limits;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let isOver = false;
    const letGo = () => {
      this.#held -= bytes;
      bytes = 0;
    };
    const stop = (fault: BodyFault) => {
      isOver = true;
      chunks.length = 0;
      letGo();
      refuse(fault);
    };
    body.start({
      data: (chunk) => {
        if (isOver) return;
        bytes += chunk.length;
        this.#held += chunk.length;
        if (bytes > bodyBytes) stop('too-large');
        else if (this.#held > heldBytes) stop('busy');
        else chunks.push(chunk);
      },
      end() {
        if (isOver) return;
        isOver = true;
        void use(whole(chunks)).then(letGo);
      },
      failed() {
        if (!isOver) stop('broken-off');
      },
    });
  }
}

function whole(chunks: readonly Uint8Array[]): Uint8Array {
  const [first = NO_BODY] = chunks;
  return chunks.length <= 1 ? first : Buffer.concat(chunks);
}
