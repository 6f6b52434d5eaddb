// Admission of Knative's config maps: an edit that could not be read is refused, in the name of Knative's own webhook.

import { checkConfigMap, CONFIG_WEBHOOK, EVENTING_CONFIG_WEBHOOK, EVENTING_NAMESPACE } from '#kinds/mod.ts';
import { deniedByWebhook } from '#machinery/mod.ts';
import type { AdmissionPlugin } from '#objects/mod.ts';

export const configMapAdmission: AdmissionPlugin = {
  validate({ kind, operation, object }) {
    if (kind.resource !== 'configmaps' || operation === 'DELETE' || !object) return;
    const fault = checkConfigMap(object);
    if (!fault) return;
    const webhook = object.metadata.namespace === EVENTING_NAMESPACE ? EVENTING_CONFIG_WEBHOOK : CONFIG_WEBHOOK;
    throw deniedByWebhook(webhook, `validation failed: ${fault}`);
  },
};
