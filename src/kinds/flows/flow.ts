// What Sequence and Parallel share: the channels between their parts, and how their status tells of channels and Subscriptions.

import type { TypeOf, WriteContext, FieldErrors } from '#machinery/mod.ts';
import { object, text, time } from '#machinery/mod.ts';
import { channelDefaultsConfig } from '../config/channel-templates.ts';
import { configOf } from '../config/of-context.ts';
import { ObjectReferenceSchema } from '../core/references.ts';
import type { ChannelTemplate } from '../duck/subscribable.ts';

const ReadySchema = object({
  type: text(),
  status: text(),
  severity: text(),
  lastTransitionTime: time(),
  reason: text(),
  message: text(),
});

export const FlowChannelSchema = object({ channel: ObjectReferenceSchema, ready: ReadySchema });
/** A channel of a flow, and whether it is ready. */
export type FlowChannel = TypeOf<typeof FlowChannelSchema>;
export const FlowSubscriptionSchema = object({ subscription: ObjectReferenceSchema, ready: ReadySchema });
/** A Subscription of a flow, and whether it is ready. */
export type FlowSubscription = TypeOf<typeof FlowSubscriptionSchema>;

/** The channel that stands between the parts of a flow which does not say it. Knative asks for the cluster's here. */
export function defaultFlowChannel(
  spec: { channelTemplate?: ChannelTemplate | undefined },
  context: Pick<WriteContext, 'config'>,
): void {
  const template = configOf(context, channelDefaultsConfig).channelTemplateIn('');
  if (!spec.channelTemplate && template) spec.channelTemplate = structuredClone(template);
}

/** Tells that a part of a flow is wrong: Knative says which part, and this why. */
export function tellPart(errors: FieldErrors, part: object, path: string, wrong: FieldErrors): void {
  if (wrong.text) errors.invalid(JSON.stringify(part), path, wrong.text);
}
