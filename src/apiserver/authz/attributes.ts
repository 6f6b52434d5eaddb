// What is asked of an authorizer, what it answers, and the sentence a refusal carries.

import type { UserInfo } from '#machinery/mod.ts';
import { ApiError, forbidden } from '#machinery/mod.ts';
import type { RequestInfo } from '../request/request-info.ts';
import { NO_PARTS } from '../request/request-info.ts';

/** Who wants to do what to which: one question to an authorizer. */
export interface Attributes extends RequestInfo {
  readonly user: UserInfo;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why, for logs and for the end of a refusal's sentence. */
  readonly reason: string;
}

/** Says who may do what. Answers at once: what it needs is in memory. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision;
  /** What a user may do in a namespace (SelfSubjectRulesReview, escalation checks). */
  rulesFor(
    user: UserInfo,
    namespace: string,
  ): { readonly rules: readonly PolicyRule[]; readonly errors: readonly string[] };
}

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs?: readonly string[] | undefined;
  readonly apiGroups?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly resourceNames?: readonly string[] | undefined;
  readonly nonResourceURLs?: readonly string[] | undefined;
}

export function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  return { ...info, user };
}

/** The question whether a user may do something to a resource. Parts left out are empty. */
export function asks(user: UserInfo, verb: string, on: Partial<Omit<Attributes, 'user' | 'verb'>>): Attributes {
  return { ...NO_PARTS, isResource: true, version: '*', ...on, user, verb };
}

/** The refusal of a request, in the words of k8s.io/apiserver's responsewriters.Forbidden. */
export function refusalOf(attributes: Attributes, reason: string): ApiError {
  const tail = reason ? `: ${reason}` : '';
  const { user, verb, group, namespace, resource, name, path } = attributes;
  const who = `User ${JSON.stringify(user.name)}`;
  if (!attributes.isResource)
    return new ApiError(403, 'Forbidden', `forbidden: ${who} cannot ${verb} path ${JSON.stringify(path)}${tail}`, {});
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const why = `${who} cannot ${verb} resource ${JSON.stringify(full(attributes))} in API group ${JSON.stringify(group)} ${where}${tail}`;
  return forbidden({ group, plural: resource }, name, why);
}

/** `pods`, or `pods/log` with a subresource: how rules name it. */
export function full({ resource, subresource }: Pick<Attributes, 'resource' | 'subresource'>): string {
  return subresource ? `${resource}/${subresource}` : resource;
}
