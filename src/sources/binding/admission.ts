// SinkBindings at admission: what is made or changed while a binding speaks of it is told at once where to send. For Jobs, whose
// template never changes, it is the only way.

import type { Reader } from '#engine/mod.ts';
import type { SinkBinding } from '#kinds/mod.ts';
import type { AdmissionPlugin } from '#objects/mod.ts';
import type { SinkResolver } from '../sinks.ts';
import { bundlesIn } from './bundles.ts';
import type { Injection } from './inject.ts';
import { hasTemplate, inject, undo } from './inject.ts';
import { bindingsFor, bindingThatCounts, isExcluded } from './subjects.ts';

/** What the plug-in looks at, which there is only once controllers are made. */
export interface BindingSources {
  readonly sinks: SinkResolver;
  readonly reader: Reader;
}

/** Until `look` gives something, nothing is changed. */
export function sinkBindingAdmission(look: () => BindingSources | undefined): AdmissionPlugin {
  return {
    admit(request) {
      const { object, subresource, operation } = request;
      if (!object || subresource || operation === 'DELETE' || !hasTemplate(object)) return;
      const sources = look();
      if (!sources) return;
      const { reader, sinks } = sources;
      if (bindingsFor(object, reader).length === 0 || isExcluded(object, reader)) return;
      const binding = bindingThatCounts(object, reader);
      const injection = binding && injectionOf(binding, sinks, reader);
      // A binding that goes takes along what it said.
      if (!binding) request.object = undo(object);
      else if (injection) request.object = inject(object, injection);
    },
  };
}

/** What a binding says; undefined as long as its sink leads nowhere. */
export function injectionOf(binding: SinkBinding, sinks: SinkResolver, reader: Reader): Injection | undefined {
  const { sink = {}, ceOverrides } = binding.spec;
  const resolved = sinks.resolve(sink, binding.metadata.namespace ?? '', reader);
  if ('fault' in resolved) return undefined;
  return {
    address: resolved.address,
    ceOverrides,
    tokenSecret: binding.status?.oidcTokenSecretName,
    bundles: bundlesIn(binding.metadata.namespace ?? '', reader),
  };
}
