// WebhookSources: an address, a secret, a sink.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController, settleIdentity, watchSecrets } from '#engine/mod.ts';
import { eventingFeaturesConfig, ServiceAccount, WebhookSource } from '#kinds/mod.ts';
import type { SinkResolver } from '../sinks.ts';
import { settleSink, watchSinks } from '../sinks.ts';
import { ADDRESS_CONFIGS, ADDRESS_KINDS, settleAddress, watchAddress } from './address.ts';
import { WEBHOOK_EVENT_TYPE, webhookUri } from './read.ts';
import { secretMissing, secretValue } from './secret.ts';

export function webhookSourceController(sinks: SinkResolver): ControllerDefinition<WebhookSource> {
  const sinkWatch = watchSinks(WebhookSource, sinks);
  const secretWatch = watchSecrets(WebhookSource, ({ spec }) => [spec.signature?.secret?.secretKeyRef?.name]);
  return defineController<WebhookSource>({
    name: 'webhook-source-controller',
    of: WebhookSource,
    owns: [ServiceAccount, ...ADDRESS_KINDS],
    watches: [...sinkWatch.watches, ...watchAddress(WebhookSource), ...secretWatch.watches],
    indexes: [...sinkWatch.indexes, ...secretWatch.indexes],
    configs: [eventingFeaturesConfig, ...ADDRESS_CONFIGS],
    async reconcile(turn) {
      const { object, status, mark } = turn;
      settleSink(turn, sinks);
      await settleIdentity(turn);
      const { signature, event } = object.spec;
      const type = event?.type ? (event.type.value ?? '*') : WEBHOOK_EVENT_TYPE;
      status.ceAttributes = [{ type, source: webhookUri(object) }];
      const from = signature?.secret;
      const namespace = object.metadata.namespace ?? '';
      if (from && !secretValue(turn, namespace, from))
        mark.false('SecretsProvided', 'SecretNotFound', secretMissing(turn, namespace, from));
      else mark.true('SecretsProvided');
      await settleAddress(turn);
    },
  });
}
