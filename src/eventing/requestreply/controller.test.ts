import { join } from 'node:path';
import { eventingFeaturesConfig, RequestReply } from '#kinds/mod.ts';
import { checkCases } from '../../../test/cases/check.ts';
import { expand } from '../../../test/cases/shorthand.ts';
import { requestAddress } from '../streams/rule.ts';
import { requestReplyController } from './controller.ts';

/** A data plane that was told of every RequestReply of the case, as it is without policies, unless the case says otherwise. */
checkCases(join(import.meta.dirname, 'cases'), (_, { given, ...more }) => {
  const { told = true } = more as { told?: boolean | 'nothing' };
  const known = given
    .map(expand)
    .flatMap(({ kind, object }) => (kind.resource === RequestReply.resource ? [object as RequestReply] : []));
  const address = (key: string) => {
    const found = known.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key);
    return found && requestAddress(found, { features: eventingFeaturesConfig.parse({}), policies: [] });
  };
  return requestReplyController({
    board: {
      knows: () => told !== 'nothing',
      requestAddress: (key) => (told === true ? address(key) : undefined),
      onRequestAddress: () => () => {},
    },
  });
});
