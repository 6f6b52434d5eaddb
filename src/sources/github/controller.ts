// GitHubSources: an address, a secret, a sink, and the webhook at GitHub where there is a token to make it with.

import { createHash } from 'node:crypto';
import { messageOf } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, settleIdentity, watchSecrets } from '#engine/mod.ts';
import { eventingFeaturesConfig, GITHUB_EVENT_PREFIX, GitHubSource, ServiceAccount } from '#kinds/mod.ts';
import type { SinkResolver } from '../sinks.ts';
import { settleSink, watchSinks } from '../sinks.ts';
import { ADDRESS_CONFIGS, ADDRESS_KINDS, settleAddress, watchAddress } from '../webhook/address.ts';
import { secretMissing, secretValue } from '../webhook/secret.ts';
import type { AskApi, WantedHook } from './hooks.ts';
import { keepHook, removeHook } from './hooks.ts';
import { gitHubUri } from './read.ts';

export interface GitHubSourcePorts {
  readonly sinks: SinkResolver;
  readonly ask: AskApi;
}

type GitHubTurn = Turn<GitHubSource>;

const CONFIGURED = 'WebhookConfigured';
/** In the status: which form the webhook at GitHub has. */
const HOOK_MARK = 'ebb.dev/webhook';
/** How long GitHub is left alone after it said no. */
const AGAIN_MS = 60_000;

export function gitHubSourceController({ sinks, ask }: GitHubSourcePorts): ControllerDefinition<GitHubSource> {
  const sinkWatch = watchSinks(GitHubSource, sinks);
  const secretWatch = watchSecrets(GitHubSource, ({ spec: { secretToken, accessToken } }) => [
    secretToken?.secretKeyRef?.name,
    accessToken?.secretKeyRef?.name,
  ]);
  return defineController<GitHubSource>({
    name: 'github-source-controller',
    of: GitHubSource,
    owns: [ServiceAccount, ...ADDRESS_KINDS],
    watches: [...sinkWatch.watches, ...watchAddress(GitHubSource), ...secretWatch.watches],
    indexes: [...sinkWatch.indexes, ...secretWatch.indexes],
    configs: [eventingFeaturesConfig, ...ADDRESS_CONFIGS],
    finalizer: 'githubsources.sources.knative.dev',
    async reconcile(turn) {
      const { object, status } = turn;
      settleSink(turn, sinks);
      await settleIdentity(turn);
      const source = gitHubUri(object);
      const types = object.spec.eventTypes ?? [];
      status.ceAttributes = types.map((type) => ({ type: GITHUB_EVENT_PREFIX + type, source }));
      const secrets = settleSecrets(turn);
      const url = await settleAddress(turn);
      if (secrets && url) await settleHook(turn, { ...secrets, url }, ask);
      else turn.mark.unknown(CONFIGURED, 'NotYet', 'the secrets and the address come first');
    },
    async finalize(turn) {
      const { webhookIDKey: id } = turn.object.status ?? {};
      const token = textOf(turn, 'accessToken');
      if (!id || !token) return;
      const { githubAPIURL: apiUrl = '', ownerAndRepository: owner = '' } = turn.object.spec;
      // A source must be able to go, whatever becomes of GitHub.
      await removeHook(ask, { apiUrl, owner, token }, id).catch((thrown: unknown) =>
        turn.event('Warning', 'WebhookNotRemoved', `webhook ${id} is to be removed by hand: ${messageOf(thrown)}`),
      );
    },
  });
}

interface Tokens {
  readonly secret: string;
  readonly token: string | undefined;
}

function textOf(turn: GitHubTurn, which: 'secretToken' | 'accessToken'): string | undefined {
  const { metadata, spec } = turn.object;
  const value = secretValue(turn, metadata.namespace ?? '', spec[which]);
  return value && new TextDecoder().decode(value).trim();
}

function settleSecrets(turn: GitHubTurn): Tokens | undefined {
  const { secretToken, accessToken } = turn.object.spec;
  const [secret, token] = [textOf(turn, 'secretToken'), textOf(turn, 'accessToken')];
  const missing = secret ? (accessToken && !token ? accessToken : undefined) : secretToken;
  if (!secret || missing) {
    turn.mark.false(
      'SecretsProvided',
      'SecretNotFound',
      missing ? secretMissing(turn, turn.object.metadata.namespace ?? '', missing) : 'spec.secretToken is missing',
    );
    return undefined;
  }
  turn.mark.true('SecretsProvided');
  return { secret, token };
}

async function settleHook(
  turn: GitHubTurn,
  { secret, token, url }: Tokens & { url: string },
  ask: AskApi,
): Promise<void> {
  const { object, status, mark } = turn;
  const {
    ownerAndRepository: owner = '',
    eventTypes: events = [],
    githubAPIURL: apiUrl = '',
    secure = false,
  } = object.spec;
  if (!token) {
    const how = `enter ${url} as a webhook of ${owner} at GitHub, with content type application/json and the secret, for ${events.join(', ')}`;
    return mark.trueWith(CONFIGURED, 'ByHand', how);
  }
  const wanted: WantedHook = { apiUrl, token, owner, url, secret, events, secure };
  const form = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 32);
  if (status.webhookIDKey && status.annotations?.[HOOK_MARK] === form) return mark.true(CONFIGURED);
  try {
    status.webhookIDKey = await keepHook(ask, wanted);
    status.annotations = { ...status.annotations, [HOOK_MARK]: form };
    mark.true(CONFIGURED);
  } catch (thrown) {
    turn.again(AGAIN_MS);
    mark.false(CONFIGURED, 'WebhookFailed', messageOf(thrown));
  }
}
