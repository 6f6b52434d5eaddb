// The data plane of events as one: streams with their ways in and their consumers, told by the control plane.

import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import type {
  EventsControl,
  ServicePlaces,
  StreamRule,
  StreamStatus,
  TokenIssuer,
  TypeSeen,
  WantedService,
} from './control.ts';
import { Held } from './deliver/held.ts';
import type { Attempt, DeliveryPorts, Filtering } from './deliver/ports.ts';
import { NotNowError } from './deliver/ports.ts';
import { StreamRun } from './deliver/stream-run.ts';
import type { Send } from './deliver/transfer.ts';
import { transferBy } from './deliver/transfer.ts';
import type { CloudEvent } from './event.ts';
import { textOf } from './event.ts';
import { Gatekeeper } from './ingress/access.ts';
import { AwaitedReplies } from './ingress/awaited-replies.ts';
import type { Intake } from './ingress/ingress.ts';
import { Ingress } from './ingress/ingress.ts';
import { Tokens } from './ingress/tokens.ts';
import type { Way } from './ingress/ways.ts';
import { JournalDesk } from './journal/desk.ts';
import { Journal } from './journal/journal.ts';
import type {
  EventPage,
  EventQuery,
  EventStory,
  RedriveOrder,
  RedriveResult,
  ReplayOrder,
  ReplayStatus,
} from './journal/words.ts';
import type { EventLog } from './log/log.ts';
import { EventsMeter } from './meter.ts';
import type { Codec } from './message.ts';

export interface EventsOptions {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly codec: Codec;
  readonly filtering: Filtering;
  readonly send: Send;
  readonly logger: Logger;
  /** Hosts that answer as brokers do also where there is none. */
  readonly brokerHosts: readonly string[];
  /** Hosts that answer as RequestReplies do also where there is none. */
  readonly requestHosts?: readonly string[];
  /** Words that nobody can guess. */
  readonly secret: () => string;
  readonly onAttempt?: (attempt: Attempt) => void;
  /** Whoever sends by TLS hears whom to trust. */
  readonly onTrust?: (certificates: readonly string[]) => void;
  /** Without one nothing is measured. */
  readonly metrics?: Metrics;
}

type GiveToken = (identity: string, audience: string) => Promise<string>;
type GivePlaces = (service: WantedService) => Promise<ServicePlaces>;

/** Takes events in and delivers them until closed. */
export class Events implements EventsControl {
  readonly ingress: Ingress;
  readonly #options: EventsOptions;
  readonly #ports: DeliveryPorts;
  readonly #tokens = new Tokens();
  readonly #meter: EventsMeter | undefined;
  readonly #journal: Journal;
  readonly #desk: JournalDesk;
  readonly #streams = new Map<string, StreamRun>();
  /** The last change of each stream: changes of one follow one another. */
  readonly #changing = new Map<string, Promise<void>>();
  readonly #typeListeners = new Set<(seen: TypeSeen) => void>();
  readonly #typesSeen = new Set<string>();
  #isResting = false;
  #giveToken: GiveToken | undefined;
  #givePlaces: GivePlaces | undefined;

  constructor(options: EventsOptions) {
    const { clock, log, codec, filtering, send, logger } = options;
    const onTrouble: DeliveryPorts['onTrouble'] = (message, fields) => logger.warn(message, fields);
    this.#journal = new Journal({ clock, log, onTrouble });
    this.#options = options;
    this.#meter = options.metrics && new EventsMeter(options.metrics);
    this.ingress = new Ingress({
      clock,
      codec,
      brokerHosts: options.brokerHosts,
      ...(options.requestHosts ? { requestHosts: options.requestHosts } : {}),
      replies: new AwaitedReplies({ clock, secret: options.secret }),
      gatekeeper: new Gatekeeper({
        verify: async (token, audience) => this.#tokens.subjectOf(token, audience, clock.now()),
        passes: (filters, event) => filtering.sieve(filters).matches(event),
      }),
      onKept: (way, event, sinceMs) => {
        this.#meter?.kept(way.address, sinceMs);
        this.#noteType(way, event);
      },
      onFailed: ({ stream }, error) =>
        logger.error('an event could not be kept', { stream: stream.key, error: messageOf(error) }),
    });
    this.#ports = {
      clock,
      log,
      codec,
      filtering,
      held: new Held(),
      mayBegin: () => !this.#isResting,
      transfer: transferBy({
        codec,
        ingress: this.ingress,
        send,
        giveToken: (identity, audience) => this.#tokenOf(identity, audience),
        after: (ms, run) => clock.after(ms, run),
      }),
      onAttempt: (attempt) => this.#noteAttempt(attempt),
      onTrouble,
    };
    this.#desk = new JournalDesk({
      deliveries: this.#ports,
      journal: this.#journal,
      stream: (key) => this.#streams.get(key),
    });
  }

  setStream(key: string, rule: StreamRule | undefined): Promise<void> {
    return this.#inTurn(key, () => (rule ? this.#set(key, rule) : this.#drop(key)));
  }

  /** Changes of one stream follow one another. */
  #inTurn(key: string, run: () => Promise<void>): Promise<void> {
    const before = this.#changing.get(key) ?? Promise.resolve();
    const change = before.then(run);
    const settled = change.catch(() => undefined);
    this.#changing.set(key, settled);
    void settled.then(() => this.#changing.get(key) === settled && this.#changing.delete(key));
    return change;
  }

  /** Everything has been told: what is not known is not there. */
  told(): void {
    this.ingress.told();
  }

  get isTold(): boolean {
    return this.ingress.isTold;
  }

  async setIssuers(issuers: readonly TokenIssuer[]): Promise<void> {
    this.#tokens.trust(issuers);
  }

  async setTrust(certificates: readonly string[]): Promise<void> {
    this.#options.onTrust?.(certificates);
  }

  onTokenWanted(give: GiveToken): () => void {
    this.#giveToken = give;
    return () => {
      if (this.#giveToken === give) this.#giveToken = undefined;
    };
  }

  onPlacesWanted(give: GivePlaces): () => void {
    this.#givePlaces = give;
    return () => {
      if (this.#givePlaces === give) this.#givePlaces = undefined;
    };
  }

  /** Where a Service is, as the control plane knows it. */
  async placesOf(service: WantedService): Promise<ServicePlaces> {
    if (!this.#givePlaces)
      throw new NotNowError(`there is nobody to ask where ${service.namespace}/${service.name} is`);
    return this.#givePlaces(service);
  }

  onTypeSeen(listen: (seen: TypeSeen) => void): () => void {
    this.#typeListeners.add(listen);
    return () => void this.#typeListeners.delete(listen);
  }

  status(): Promise<readonly StreamStatus[]> {
    return Promise.all([...this.#streams.values()].map((stream) => stream.status()));
  }

  events(query: EventQuery): Promise<EventPage> {
    return this.#desk.events(query);
  }

  event(stream: string, offset: number): Promise<EventStory | undefined> {
    return this.#desk.event(stream, offset);
  }

  replay(order: ReplayOrder): Promise<string> {
    return this.#desk.replay(order);
  }

  replays(): Promise<readonly ReplayStatus[]> {
    return this.#desk.replays();
  }

  redrive(order: RedriveOrder): Promise<RedriveResult> {
    return this.#desk.redrive(order);
  }

  /** Begins no delivery until it is to go on: what comes in waits on the log, and what fails meanwhile was no attempt. */
  rest(): void {
    this.#isResting = true;
  }

  goOn(): void {
    this.#isResting = false;
  }

  /** Takes nothing more in, lets deliveries that are under way finish for `graceMs`, and closes the log. */
  async close(graceMs: number): Promise<void> {
    this.rest();
    this.ingress.close();
    await Promise.all(this.#changing.values());
    await this.#desk.close();
    await Promise.all([...this.#streams.values()].map((stream) => stream.close(graceMs)));
    await this.#journal.flush();
    await this.#options.log.close();
  }

  async #set(key: string, rule: StreamRule): Promise<void> {
    const known = this.#streams.get(key);
    if (known) {
      const { addresses } = known.rule;
      await known.change(rule);
      this.ingress.ways.set(known, addresses, rule.addresses);
      return;
    }
    const stream = new StreamRun(key, this.#ports);
    await stream.open(rule);
    this.#streams.set(key, stream);
    this.ingress.ways.set(stream, [], rule.addresses);
    await this.#desk.open(key);
  }

  async #drop(key: string): Promise<void> {
    const stream = this.#take(key);
    this.#desk.drop(key);
    await (stream ? stream.drop() : this.#options.log.drop(key));
    await this.#journal.drop(key);
  }

  /** Out of service. */
  #take(key: string): StreamRun | undefined {
    const stream = this.#streams.get(key);
    if (!stream) return undefined;
    this.#streams.delete(key);
    this.ingress.ways.set(stream, stream.rule.addresses, []);
    return stream;
  }

  async #tokenOf(identity: string, audience: string): Promise<string> {
    if (!this.#giveToken) throw new NotNowError(`there is nobody to ask for a token of ${identity}`);
    return this.#giveToken(identity, audience);
  }

  #noteAttempt(attempt: Attempt): void {
    this.#options.onAttempt?.(attempt);
    const { rule } = this.#streams.get(attempt.stream) ?? {};
    const consumer = rule?.consumers[attempt.consumer];
    if (consumer) this.#meter?.attempted(consumer, attempt);
    if (rule?.journal) this.#journal.note(attempt);
  }

  #noteType({ address, stream }: Way<Intake>, event: CloudEvent): void {
    if (!address.tellsTypes) return;
    const [type = '', source = ''] = [textOf(event, 'type'), textOf(event, 'source')];
    const { kind, namespace, name } = address;
    const key = `${type}\n${source}\n${kind}\n${namespace}\n${name}`;
    if (this.#typesSeen.has(key) || this.#typesSeen.size >= MAX_TYPES_SEEN) return;
    this.#typesSeen.add(key);
    const schema = textOf(event, 'dataschema');
    const seen = {
      stream: stream.key,
      address: { kind, namespace, name },
      type,
      source,
      ...(schema ? { schema } : {}),
    };
    for (const listen of this.#typeListeners) listen(seen);
  }
}

/** A producer that makes up types without end is not followed for ever. */
const MAX_TYPES_SEEN = 10_000;
