// Reviews of authorization.k8s.io: may somebody do something, and what may I do.

import { isRecord } from '#base/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import type { UserInfo } from '#machinery/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { Attributes, Authorizer, PolicyRule } from '../authz/attributes.ts';
import { asks } from '../authz/attributes.ts';

/** Whether the user may do what the spec names (SelfSubjectAccessReview, SubjectAccessReview, LocalSubjectAccessReview). */
export function accessStatus(authorizer: Authorizer, user: UserInfo, spec: JsonObject): JsonObject {
  const { allowed, reason } = authorizer.authorize(attributesIn(user, spec));
  return { allowed, ...(reason ? { reason } : {}) };
}

/** The user that a SubjectAccessReview asks about. Throws 400 where it names none. */
export function subjectIn(spec: JsonObject): UserInfo {
  const { user, groups } = spec;
  const names = Array.isArray(groups) ? groups.map(String) : [];
  if (!user && names.length === 0)
    throw badRequest('spec.user: Required value: at least one of user or group must be specified');
  return { name: typeof user === 'string' ? user : '', groups: names };
}

function attributesIn(user: UserInfo, spec: JsonObject): Attributes {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isRecord(resourceAttributes) === isRecord(nonResourceAttributes)) {
    throw badRequest(
      'spec.resourceAttributes: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  const given = words(isRecord(resourceAttributes) ? resourceAttributes : nonResourceAttributes);
  const { verb = '', path = '', ...on } = given;
  return asks(user, verb, isRecord(resourceAttributes) ? on : { isResource: false, path });
}

/** Only the fields that hold text. */
function words(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** All that the user may do in a namespace (SelfSubjectRulesReview). */
export function rulesStatus(authorizer: Authorizer, user: UserInfo, namespace: string): JsonObject {
  const { rules, errors } = authorizer.rulesFor(user, namespace);
  return {
    resourceRules: rules.filter(({ resources }) => (resources ?? []).length > 0).map(resourceRule),
    nonResourceRules: rules.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0).map(pathRule),
    incomplete: errors.length > 0,
    ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): JsonObject {
  return {
    ...lists({ verbs, apiGroups, resources }),
    ...(resourceNames && resourceNames.length > 0 ? lists({ resourceNames }) : {}),
  };
}

function pathRule({ verbs, nonResourceURLs }: PolicyRule): JsonObject {
  return lists({ verbs, nonResourceURLs });
}

function lists(fields: Readonly<Record<string, readonly string[] | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, [...(values ?? [])]]));
}
