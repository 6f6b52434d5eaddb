// What a user does in each story, and what must come of it, as data.

import { ClusterDomainClaim, DomainMapping, ROLLOUT_DURATION_KEYS, Service } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { Traffic } from './clients.ts';

/** An object that is to be there. */
export interface Wanted {
  readonly kind: Kind;
  readonly object: KubeObject;
}

export interface Step {
  /** What is done, in the user's words. */
  readonly what: string;
  /** Written, or written over. */
  readonly put?: readonly Wanted[];
  readonly remove?: readonly { readonly kind: Kind; readonly name: string }[];
  /** When it is through: all that was put is ready, or the Service says that it failed, or what was removed is gone. */
  readonly until: 'ready' | 'failed' | 'gone' | 'under way';
  /** What requests get once it is through. */
  readonly traffic: Traffic;
  /** What they may get on the way as well: the latest Revision is the latest one that is ready. */
  readonly meanwhile?: Traffic;
  /** A gradual rollout takes so long. */
  readonly gradualMs?: number;
  /** Nobody asks for so long after it is through; then everybody does. */
  readonly silenceMs?: number;
}

export interface Story {
  readonly about: string;
  readonly steps: readonly Step[];
}

const [ROLLOUT_DURATION] = ROLLOUT_DURATION_KEYS;
const WEB = 'web.default.localhost';
const STABLE = 'stable-web.default.localhost';
const CANARY = 'canary-web.default.localhost';
const SHOP = 'shop.example.com';
const GRADUAL_MS = 20_000;

/** An image whose program never comes up. */
export const BROKEN = 'broken';

interface Share {
  readonly revision?: string;
  readonly percent?: number;
  readonly tag?: string;
}

interface Wish {
  readonly image: string;
  readonly traffic?: readonly Share[];
  readonly gradual?: boolean;
}

/** The Service `web` with a Revision of an image. */
function web({ image, traffic, gradual = false }: Wish): Wanted {
  const annotations = { 'autoscaling.knative.dev/window': '6s' };
  const duration: Record<string, string> = gradual ? { [ROLLOUT_DURATION]: `${GRADUAL_MS / 1000}s` } : {};
  const shares = traffic?.map(({ revision, percent = 0, tag }) => ({
    ...(revision ? { revisionName: revision, latestRevision: false } : { latestRevision: true }),
    percent,
    ...(tag ? { tag } : {}),
  }));
  const object = {
    apiVersion: Service.apiVersion,
    kind: Service.kind,
    metadata: {
      name: 'web',
      namespace: 'default',
      annotations: duration,
    },
    spec: {
      template: {
        metadata: { annotations },
        // The default of `enableServiceLinks` is filled in at creation alone: without it a user who tries again would ask for something else.
        spec: { enableServiceLinks: false, containers: [{ name: 'user-container', image: `ko.local/${image}` }] },
      },
      traffic: shares ?? [{ latestRevision: true, percent: 100 }],
    },
  };
  return { kind: Service, object };
}

function wanted(kind: Kind, metadata: KubeObject['metadata'], spec: object): Wanted {
  return { kind, object: { apiVersion: kind.apiVersion, kind: kind.kind, metadata, spec } as KubeObject };
}

const claim = wanted(ClusterDomainClaim, { name: SHOP }, { namespace: 'default' });
const mapping = wanted(
  DomainMapping,
  { name: SHOP, namespace: 'default' },
  { ref: { apiVersion: Service.apiVersion, kind: Service.kind, name: 'web' } },
);

const FIRST = 'web-00001';
const SECOND = 'web-00002';
const THIRD = 'web-00003';

const deployed: Step = {
  what: 'a first Revision',
  put: [web({ image: 'one' })],
  until: 'ready',
  traffic: { [WEB]: { [FIRST]: 100 } },
};

const split: readonly Share[] = [
  { revision: FIRST, percent: 70, tag: 'stable' },
  { percent: 30, tag: 'canary' },
];

export const STORIES: Readonly<Record<string, Story>> = {
  split: {
    about: 'a second Revision by percent and tag, a third behind the same tag, and then everything to it',
    steps: [
      deployed,
      {
        what: 'a second Revision gets 30 percent and a tag',
        put: [web({ image: 'two', traffic: split })],
        until: 'ready',
        traffic: { [WEB]: { [FIRST]: 70, [SECOND]: 30 }, [STABLE]: { [FIRST]: 100 }, [CANARY]: { [SECOND]: 100 } },
        meanwhile: { [WEB]: { [FIRST]: 100 }, [STABLE]: { [FIRST]: 100 }, [CANARY]: { [FIRST]: 100 } },
      },
      {
        what: 'a third Revision takes its place',
        put: [web({ image: 'three', traffic: split })],
        until: 'ready',
        traffic: { [WEB]: { [FIRST]: 70, [THIRD]: 30 }, [STABLE]: { [FIRST]: 100 }, [CANARY]: { [THIRD]: 100 } },
      },
      {
        what: 'the third gets everything, without tags',
        put: [web({ image: 'three' })],
        until: 'ready',
        traffic: { [WEB]: { [THIRD]: 100 } },
      },
    ],
  },
  failure: {
    about: 'a Revision that never comes up, and the way back',
    steps: [
      deployed,
      {
        what: 'a second Revision that does not start',
        put: [web({ image: BROKEN })],
        until: 'failed',
        traffic: { [WEB]: { [FIRST]: 100 } },
      },
      {
        what: 'back to the first image',
        put: [web({ image: 'one' })],
        until: 'ready',
        traffic: { [WEB]: { [THIRD]: 100 } },
      },
    ],
  },
  gradual: {
    about: 'a gradual rollout, and one that is overtaken by the next on its way',
    steps: [
      { ...deployed, put: [web({ image: 'one', gradual: true })] },
      {
        what: 'a second Revision, little by little',
        put: [web({ image: 'two', gradual: true })],
        until: 'ready',
        traffic: { [WEB]: { [SECOND]: 100 } },
        gradualMs: GRADUAL_MS,
      },
      {
        what: 'a third Revision sets out',
        put: [web({ image: 'three', gradual: true })],
        until: 'under way',
        traffic: { [WEB]: { [THIRD]: 100 } },
        gradualMs: GRADUAL_MS,
      },
      {
        what: 'a fourth overtakes it',
        put: [web({ image: 'four', gradual: true })],
        until: 'ready',
        traffic: { [WEB]: { 'web-00004': 100 } },
        gradualMs: GRADUAL_MS,
      },
    ],
  },
  asleep: {
    about: 'a Service that sleeps, is woken, and gets a new Revision while it sleeps',
    steps: [
      { ...deployed, silenceMs: 60_000 },
      {
        what: 'a second Revision while nobody asks',
        put: [web({ image: 'two' })],
        until: 'ready',
        traffic: { [WEB]: { [SECOND]: 100 } },
        silenceMs: 60_000,
      },
    ],
  },
  domain: {
    about: 'a domain that is mapped and taken back, and the end of the Service',
    steps: [
      deployed,
      {
        what: 'a domain is mapped to it',
        put: [claim, mapping],
        until: 'ready',
        traffic: { [WEB]: { [FIRST]: 100 }, [SHOP]: { [FIRST]: 100 } },
      },
      {
        what: 'the domain is taken back',
        remove: [
          { kind: DomainMapping, name: SHOP },
          { kind: ClusterDomainClaim, name: SHOP },
        ],
        until: 'gone',
        traffic: { [WEB]: { [FIRST]: 100 } },
      },
      { what: 'the Service goes', remove: [{ kind: Service, name: 'web' }], until: 'gone', traffic: {} },
    ],
  },
};
