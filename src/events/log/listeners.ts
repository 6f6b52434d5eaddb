// Who wants to hear of new records, by stream.

/** Each listener runs once after a commit, in a microtask of its own, so that one that throws disturbs no other. */
export class Listeners {
  readonly #byStream = new Map<string, Set<Listener>>();

  /** Returns what takes it away again. */
  add(stream: string, run: () => void): () => void {
    const listener: Listener = { run, isTold: false };
    const listeners = this.#byStream.get(stream) ?? new Set();
    this.#byStream.set(stream, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byStream.get(stream) === listeners) this.#byStream.delete(stream);
    };
  }

  /** Commits that follow one another before a listener had its turn are one to it. */
  tell(stream: string): void {
    const listeners = this.#byStream.get(stream);
    if (!listeners) return;
    for (const listener of listeners) {
      if (listener.isTold) continue;
      listener.isTold = true;
      queueMicrotask(() => {
        listener.isTold = false;
        if (listeners.has(listener)) listener.run();
      });
    }
  }
}

interface Listener {
  readonly run: () => void;
  isTold: boolean;
}
