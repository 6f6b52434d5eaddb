// A GitHubSource: events of a repository or organization, by the webhook that GitHub calls.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  ageSince,
  condition,
  defineKind,
  field,
  flag,
  list,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { AddressSchema } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkSource } from './check-source.ts';
import { sourceLabels } from './labels.ts';
import { checkSecretKey, SecretKeySchema } from './secret-key.ts';

/** Types of events of GitHub begin so. */
export const GITHUB_EVENT_PREFIX = 'dev.knative.source.github.';
const USUAL_API = 'https://api.github.com/';

export const GitHubSource = defineKind({
  apiVersion: 'sources.knative.dev/v1alpha1',
  kind: 'GitHubSource',
  names: { plural: 'githubsources', categories: ['all', 'knative', 'eventing', 'sources'] },
  scope: 'Namespaced',
  doc: 'GitHubSource sends an event for each call of a webhook of GitHub.',
  spec: object({
    ...sourceSpecFields,
    ownerAndRepository: text().doc('The repository, as OWNER/NAME, or an organization.'),
    eventTypes: list(text()).doc("Which events are asked for and sent on, by GitHub's own names, such as push."),
    accessToken: SecretKeySchema.doc(
      'A token with which the webhook is made at GitHub; without it, you make the webhook by hand.',
    ),
    secretToken: SecretKeySchema.doc('The secret that GitHub signs its calls with.'),
    githubAPIURL: text().doc('The URL of the API of GitHub; by default that of github.com.'),
    secure: flag().doc('Whether GitHub is to check the certificate of the address that it calls.'),
    serviceAccountName: text(),
  }),
  status: livingStatus({
    ...sourceStatusFields,
    webhookIDKey: text().doc('The id of the webhook at GitHub.'),
    address: AddressSchema.doc('The URL that GitHub is to call.'),
  }),
  conditions: living('SinkProvided', 'SecretsProvided', 'AddressReady', 'WebhookConfigured', 'OIDCIdentityCreated'),
  columns: {
    Ready: condition('Ready'),
    Reason: reason('Ready'),
    URL: field('status.address.url'),
    Sink: field('status.sinkUri'),
    Age: ageSince,
  },
  custom: true,
  crdLabels: sourceLabels,
  webhook: EVENTING_WEBHOOK,
  defaults({ spec, ...source }, context, before) {
    if (context.subresource === 'status') return;
    spec.githubAPIURL ||= USUAL_API;
    noteUser({ spec, ...source }, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkSource(spec, context), 'spec');
    const { ownerAndRepository = '', eventTypes = [], secretToken, accessToken, githubAPIURL } = spec;
    if (!ownerAndRepository) errors.missing('spec.ownerAndRepository');
    else if (!/^[\w.-]+(\/[\w.-]+)?$/.test(ownerAndRepository))
      errors.invalid(ownerAndRepository, 'spec.ownerAndRepository', 'expected OWNER/NAME, or an organization');
    if (eventTypes.length === 0) errors.missing('spec.eventTypes');
    for (const [index, type] of eventTypes.entries())
      if (!/^[a-z][a-z_]*$/.test(type)) errors.invalid(type, `spec.eventTypes[${index}]`, 'expected a name as push');
    checkSecretKey(errors, 'spec.secretToken', secretToken);
    if (accessToken) checkSecretKey(errors, 'spec.accessToken', accessToken);
    if (!/^https?:\/\/[^/]+/.test(githubAPIURL ?? '')) errors.invalid(githubAPIURL, 'spec.githubAPIURL');
  },
});
export type GitHubSource = ObjectOf<typeof GitHubSource>;
