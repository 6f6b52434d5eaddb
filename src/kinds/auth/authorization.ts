// Questions about what someone may do. Asked by a create, answered in the reply, never stored.

import type { JsonObject } from '#base/mod.ts';
import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { any, defineKind, flag, list, map, object, text } from '#machinery/mod.ts';
import { PolicyRuleSchema } from '../rbac/rules.ts';

const ResourceAttributesSchema = object({
  namespace: text(),
  verb: text(),
  group: text(),
  version: text(),
  resource: text(),
  subresource: text(),
  name: text(),
  fieldSelector: any<JsonObject>(),
  labelSelector: any<JsonObject>(),
});
export type ResourceAttributes = TypeOf<typeof ResourceAttributesSchema>;

const questions = {
  resourceAttributes: ResourceAttributesSchema,
  nonResourceAttributes: object({ path: text(), verb: text() }),
};
const AnswerSchema = object({ allowed: flag().required(), denied: flag(), reason: text(), evaluationError: text() });

const SubjectQuestionSchema = object({
  ...questions,
  user: text(),
  groups: list(text()),
  extra: map(list(text())),
  uid: text(),
});

export const SubjectAccessReview = defineKind({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  names: { plural: 'subjectaccessreviews' },
  scope: 'Cluster',
  doc: 'SubjectAccessReview checks whether or not a user or group can perform an action.',
  spec: SubjectQuestionSchema,
  status: AnswerSchema,
  verbs: ['create'],
});
export type SubjectAccessReview = ObjectOf<typeof SubjectAccessReview>;

export const LocalSubjectAccessReview = defineKind({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'LocalSubjectAccessReview',
  names: { plural: 'localsubjectaccessreviews' },
  scope: 'Namespaced',
  doc: 'LocalSubjectAccessReview checks whether or not a user or group can perform an action in a given namespace.',
  spec: SubjectQuestionSchema,
  status: AnswerSchema,
  verbs: ['create'],
});
export type LocalSubjectAccessReview = ObjectOf<typeof LocalSubjectAccessReview>;

export const SelfSubjectAccessReview = defineKind({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  names: { plural: 'selfsubjectaccessreviews' },
  scope: 'Cluster',
  doc: 'SelfSubjectAccessReview checks whether or not the current user can perform an action.',
  spec: object(questions),
  status: AnswerSchema,
  verbs: ['create'],
});
export type SelfSubjectAccessReview = ObjectOf<typeof SelfSubjectAccessReview>;

export const SelfSubjectRulesReview = defineKind({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectRulesReview',
  names: { plural: 'selfsubjectrulesreviews' },
  scope: 'Cluster',
  doc: 'SelfSubjectRulesReview enumerates the set of actions the current user can perform within a namespace.',
  spec: object({ namespace: text() }),
  status: object({
    resourceRules: list(PolicyRuleSchema),
    nonResourceRules: list(object({ verbs: list(text()), nonResourceURLs: list(text()) })),
    incomplete: flag(),
    evaluationError: text(),
  }),
  verbs: ['create'],
});
export type SelfSubjectRulesReview = ObjectOf<typeof SelfSubjectRulesReview>;
