// serviceaccounts/token: a token for a ServiceAccount, perhaps bound to the life of a Pod.

import type { TokenRequest } from '#kinds/mod.ts';
import { TokenRequest as TokenRequestKind } from '#kinds/mod.ts';
import type { WriteContext } from '#machinery/mod.ts';
import { conflict, invalid, notFound, Problems } from '#machinery/mod.ts';
import type { Store } from '#objects/mod.ts';
import { sendObject } from '../exchange.ts';
import { readDecoded } from '../request/body.ts';
import { writeQuery } from '../request/query.ts';
import type { Handler, Target } from '../services.ts';
import { standing } from '../verbs/reading.ts';
import { checkPlace } from './body-place.ts';
import { notImplemented } from './not-implemented.ts';

export const requestToken: Handler = async (exchange, target, { store, tokens, clock }) => {
  if (!tokens) throw notImplemented('tokens of ServiceAccounts');
  const query = writeQuery(exchange.query, 'CreateOptions');
  const object = await readDecoded(exchange, TokenRequestKind, query.fieldValidation);
  checkPlace(object, target);
  const { namespace, name } = target;
  const { uid = '' } = standing(store, target).metadata;
  check(object, name, { operation: 'CREATE', user: exchange.user, now: clock.now(), dryRun: query.dryRun, ...ALONE });
  const { audiences = [], expirationSeconds = 0, boundObjectRef } = object.spec;
  const pod = boundObjectRef && boundPod(store, target, boundObjectRef);
  const subject = { namespace, serviceAccount: { name, uid }, ...(pod ? { pod } : {}) };
  const status = tokens.sign({ subject, audiences, expirationSeconds });
  await sendObject(exchange, 201, { ...object, metadata: { name, namespace, creationTimestamp: null }, status });
};

/** A token request is judged by itself. */
const ALONE: Pick<WriteContext, 'config' | 'lookup'> = { config: () => ({}), lookup: () => undefined };

/** Fills in the usual lifetime; throws 422 for one that is too short or too long. */
function check(request: TokenRequest, name: string, context: WriteContext): void {
  const problems = new Problems();
  TokenRequestKind.defaults?.(request, context, undefined);
  TokenRequestKind.validate?.(request, problems, context, undefined);
  if (!problems.isEmpty) throw invalid(TokenRequestKind, name, problems.all);
}

type Reference = NonNullable<TokenRequest['spec']['boundObjectRef']>;

/** The Pod that a token is to end with. Throws 404 where it is not there, 409 where it is another of the same name. */
function boundPod(
  store: Store,
  target: Target,
  { kind = '', name = '', uid: wanted }: Reference,
): { name: string; uid: string } {
  if (kind !== 'Pod') {
    const problems = new Problems('spec.boundObjectRef');
    problems.notSupported('kind', kind, ['Pod']);
    throw invalid(TokenRequestKind, target.name, problems.all);
  }
  const resource = { group: '', plural: 'pods' };
  const { uid } = store.get(resource.plural, target.namespace, name)?.metadata ?? {};
  if (uid === undefined) throw notFound(resource, name);
  if (wanted && wanted !== uid) {
    const why = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(resource, name, why);
  }
  return { name, uid };
}
