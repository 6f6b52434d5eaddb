// Knative Eventing's own suites as data: what each is built from, and what it expects of a platform before it begins.

import type { Config } from '../suites.ts';
import { SMOKE, TESTS } from './tests.ts';

export interface EventingSuite {
  /** The Go package under `knative.dev/eventing/test`. */
  readonly package: string;
  /** Its tests, each of which runs in a process of its own; all that the package has where none are named. */
  readonly tests?: readonly string[];
  /** Go packages of the programs that its Pods run. */
  readonly programs: readonly string[];
  /** Keys of config maps in `knative-eventing` that it expects to be so, beyond those in CONFIG. */
  readonly config?: Config;
  /** Whether cert-manager runs beside the platform, with an authority for what Eventing itself shows. */
  readonly certManager?: true;
  /** Flags of the test binary. */
  readonly flags: readonly string[];
  /** How many of its tests run at once. */
  readonly parallel: number;
  /** After how many minutes one test is given up. */
  readonly minutes: number;
}

/** What Knative's own CI has in its config maps for all suites. */
export const CONFIG: Config = {
  'config-features': {
    'cross-namespace-event-links': 'enabled',
    'delivery-timeout': 'enabled',
    'eventtype-auto-create': 'enabled',
    'new-apiserversource-filters': 'enabled',
  },
  'config-sugar': sugarFor('namespace-selector', 'trigger-selector'),
};

function sugarFor(...keys: readonly string[]): Record<string, string> {
  const labelled = { key: 'e2e.eventing.knative.dev/injection', operator: 'In', values: ['enabled'] };
  return Object.fromEntries(keys.map((key) => [key, JSON.stringify({ matchExpressions: [labelled] })]));
}

const features = (data: Readonly<Record<string, string>>): Config => ({ 'config-features': data });

/** Of the suite of features: its programs report what they see as Events, so waiting is looking again and again. */
const REKT = {
  package: 'rekt',
  programs: [
    'knative.dev/reconciler-test/cmd/eventshub',
    'knative.dev/eventing/cmd/heartbeats',
    'knative.dev/eventing/test/test_images/print',
  ],
  flags: ['-poll.interval=2s', '-poll.timeout=4m', '-teardown.on.fail'],
  parallel: 6,
  minutes: 15,
} as const;

/** Of the suites that are older than it. */
const OLD = {
  programs: ['recordevents', 'event-sender', 'request-sender'].map(
    (name) => `knative.dev/eventing/test/test_images/${name}`,
  ),
  parallel: 3,
  minutes: 15,
};
const CHANNELS = '-channels=messaging.knative.dev/v1:Channel,messaging.knative.dev/v1:InMemoryChannel';
const SOURCES =
  '-sources=sources.knative.dev/v1beta2:PingSource,sources.knative.dev/v1:ApiServerSource,sources.knative.dev/v1:ContainerSource';

export const EVENTING_SUITES = {
  'eventing-smoke': { ...REKT, tests: SMOKE },
  'eventing-rekt': { ...REKT, tests: [...TESTS.F1, ...TESTS.F2, ...TESTS.F3, ...TESTS.F6] },
  'eventing-oidc': {
    ...REKT,
    tests: TESTS.F4,
    // Some wait eleven minutes for a token to end.
    minutes: 25,
    config: features({ 'authentication-oidc': 'enabled', 'transport-encryption': 'strict' }),
    certManager: true,
  },
  'eventing-tls': {
    ...REKT,
    tests: TESTS.F5,
    config: features({ 'transport-encryption': 'strict' }),
    certManager: true,
  },
  'eventing-experimental': {
    ...REKT,
    package: 'experimental',
    config: features({ 'delivery-retryafter': 'enabled', 'kreference-group': 'enabled' }),
  },
  'eventing-conformance': {
    ...OLD,
    package: 'conformance',
    flags: ['-brokers=eventing.knative.dev/v1:MTChannelBasedBroker', CHANNELS, SOURCES],
  },
  'eventing-e2e': { ...OLD, package: 'e2e', flags: [CHANNELS, SOURCES] },
} as const satisfies Record<string, EventingSuite>;
