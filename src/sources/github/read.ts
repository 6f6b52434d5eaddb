// What a call of GitHub's is: an event, a ping, or a refusal. Pure.

import type { GitHubSource } from '#kinds/mod.ts';
import { GITHUB_EVENT_PREFIX } from '#kinds/mod.ts';
import { makeEvent } from '../make-event.ts';
import type { WebhookCall } from '../webhook/call.ts';
import { headerOf, jsonOf, scalarAt } from '../webhook/call.ts';
import type { CallVerdict } from '../webhook/front.ts';
import { refusalOf } from '../webhook/read.ts';

/** What an event is about, by GitHub's name of it: a field of its body. */
const SUBJECTS: Readonly<Record<string, string>> = {
  check_run: 'check_run.name',
  check_suite: 'check_suite.id',
  commit_comment: 'comment.id',
  create: 'ref',
  delete: 'ref',
  deployment: 'deployment.id',
  deployment_status: 'deployment.id',
  fork: 'forkee.full_name',
  issue_comment: 'issue.number',
  issues: 'issue.number',
  label: 'label.name',
  member: 'member.login',
  milestone: 'milestone.number',
  pull_request: 'number',
  pull_request_review: 'pull_request.number',
  pull_request_review_comment: 'pull_request.number',
  push: 'ref',
  release: 'release.tag_name',
  repository: 'repository.full_name',
  status: 'sha',
  workflow_run: 'workflow_run.id',
};

export interface ReadFacts {
  readonly source: GitHubSource;
  /** What GitHub signs with; undefined where it is not there. */
  readonly secret: Uint8Array | undefined;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** Events have the repository for their source, wherever the GitHub is. */
export function gitHubUri({ spec: { githubAPIURL = '', ownerAndRepository = '' } }: GitHubSource): string {
  const { hostname = 'api.github.com' } = URL.parse(githubAPIURL) ?? {};
  return `https://${hostname.replace(/^api\./, '')}/${ownerAndRepository}`;
}

export function readGitHub(call: WebhookCall, { source, secret, now }: ReadFacts): CallVerdict {
  const signing = secret
    ? ({ secret, header: 'X-Hub-Signature-256', algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=' } as const)
    : 'unknown';
  const refusal = refusalOf(call, signing);
  if (refusal) return { answer: refusal };
  const [name, id] = ['X-GitHub-Event', 'X-GitHub-Delivery'].map((header) => headerOf(call, header));
  if (!name || !id)
    return { answer: { status: 400, text: `expected the header ${name ? 'X-GitHub-Delivery' : 'X-GitHub-Event'}` } };
  const isWanted = source.spec.eventTypes?.includes(name) ?? false;
  if (!isWanted)
    return {
      answer: { status: 200, text: name === 'ping' ? 'pong' : `${name} is none of this source's spec.eventTypes` },
    };
  const data = payloadOf(call);
  const json = data && jsonOf(data);
  if (!data || json === undefined)
    return { answer: { status: 400, text: 'expected a body that is JSON, or a form with a payload that is' } };
  const subject = scalarAt(json, SUBJECTS[name] ?? '');
  return {
    event: makeEvent({
      id,
      type: `${GITHUB_EVENT_PREFIX}${name}`,
      source: gitHubUri(source),
      ...(subject ? { subject } : {}),
      time: now,
      datacontenttype: 'application/json',
      overrides: source.spec.ceOverrides,
      data,
    }),
  };
}

/** GitHub sends JSON, or a form with JSON in it. */
function payloadOf(call: WebhookCall): Uint8Array | undefined {
  const type = headerOf(call, 'content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return call.body;
  const payload = new URLSearchParams(new TextDecoder().decode(call.body)).get('payload');
  return payload === null ? undefined : new TextEncoder().encode(payload);
}
