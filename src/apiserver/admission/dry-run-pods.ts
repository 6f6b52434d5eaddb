// A dry run of a Service or Configuration tries out the Pod it would become, so that its author hears what the Pod's rules say.

import type { Json, JsonObject } from '#base/mod.ts';
import { copy } from '#base/mod.ts';
import type { Configuration, Service } from '#kinds/mod.ts';
import { SERVICE_LABEL, SERVING_WEBHOOK } from '#kinds/mod.ts';
import { ApiError, deniedByWebhook } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#objects/mod.ts';

/** Tries to create a Pod without keeping it. Throws ApiError as the API refuses it. */
export type TryPod = (pod: JsonObject, request: AdmissionRequest) => Promise<void>;

const GROUP = 'serving.knative.dev';
/** Fields of a revision's spec that no Pod has. */
const NOT_OF_PODS = ['containerConcurrency', 'timeoutSeconds', 'responseStartTimeoutSeconds', 'idleTimeoutSeconds'];

/** Knative's validation callback: `validation callback failed: dry run failed with …: spec.template`. */
export function dryRunPods(tryPod: TryPod): AdmissionPlugin {
  return {
    async validate(request) {
      const template = request.dryRun && request.operation !== 'DELETE' ? templateOf(request) : undefined;
      if (!template) return;
      try {
        await tryPod(podOf(template, request.namespace), request);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        throw deniedByWebhook(
          SERVING_WEBHOOK,
          `validation callback failed: dry run failed with ${thrown.message}: spec.template`,
        );
      }
    },
  };
}

type Template = Service['spec']['template'];

/** The template to try; a Configuration that a Service made was tried with it. */
function templateOf({ kind, object, subresource }: AdmissionRequest): Template | undefined {
  if (!object || subresource || kind.group !== GROUP) return undefined;
  if (kind.kind === 'Service') return (object as Service).spec.template;
  const isOwn = kind.kind === 'Configuration' && object.metadata.labels?.[SERVICE_LABEL] === undefined;
  return isOwn ? (object as Configuration).spec.template : undefined;
}

function podOf(template: NonNullable<Template>, namespace: string): JsonObject {
  const spec = copy(template.spec ?? {}) as unknown as JsonObject;
  for (const field of NOT_OF_PODS) delete spec[field];
  // A probe of the user port is aimed at it only when the Revision becomes a Pod.
  for (const container of (spec['containers'] ?? []) as {
    readinessProbe?: Json;
    livenessProbe?: Json;
    startupProbe?: Json;
  }[]) {
    delete container.readinessProbe;
    delete container.livenessProbe;
    delete container.startupProbe;
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'dry-run-validation', namespace }, spec };
}
