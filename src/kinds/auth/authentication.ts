// Questions about who someone is. Asked by a create, answered in the reply, never stored.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, flag, int64, list, map, object, text, time } from '#machinery/mod.ts';

const UserInfoSchema = object({ username: text(), uid: text(), groups: list(text()), extra: map(list(text())) });

export const TokenRequest = defineKind({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  names: { plural: 'tokenrequests' },
  scope: 'Namespaced',
  doc: 'TokenRequest requests a token for a given service account.',
  spec: object({
    audiences: list(text()),
    expirationSeconds: int64(),
    boundObjectRef: object({ kind: text(), apiVersion: text(), name: text(), uid: text() }),
  }),
  status: object({ token: text().required(), expirationTimestamp: time().required() }),
  verbs: ['create'],
  defaults({ spec }) {
    spec.expirationSeconds ??= 3600;
  },
  validate({ spec }, problems) {
    const seconds = spec.expirationSeconds ?? 3600;
    const under = problems.under('spec');
    if (seconds < 600) under.invalid('expirationSeconds', seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > 2 ** 32)
      under.invalid('expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds');
  },
});
export type TokenRequest = ObjectOf<typeof TokenRequest>;

export const TokenReview = defineKind({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  names: { plural: 'tokenreviews' },
  scope: 'Cluster',
  doc: 'TokenReview attempts to authenticate a token to a known user.',
  spec: object({ token: text(), audiences: list(text()) }),
  status: object({ authenticated: flag(), user: UserInfoSchema, audiences: list(text()), error: text() }),
  verbs: ['create'],
});
export type TokenReview = ObjectOf<typeof TokenReview>;

export const SelfSubjectReview = defineKind({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
  names: { plural: 'selfsubjectreviews' },
  scope: 'Cluster',
  doc: 'SelfSubjectReview contains the user information that the API server has about the user making this request.',
  status: object({ userInfo: UserInfoSchema }),
  verbs: ['create'],
});
export type SelfSubjectReview = ObjectOf<typeof SelfSubjectReview>;
