import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import { ApiError, forbidden } from '#machinery/mod.ts';
import { DiskFullError } from '#storage/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import { Gadget, Note, Runner, Space, Thing, thingKinds, ThingV2 } from '../../test/contracts/thing-kinds.ts';
import type { AdmissionPlugin } from './admission.ts';
import { localClient } from './local-client.ts';
import { Registry } from './registry.ts';
import type { Written } from './requests.ts';
import { Scheme } from './scheme.ts';
import { Store } from './store.ts';

const by = { user: { name: 'ada', groups: [] }, fieldManager: 'test' };
const here = (name: string) => ({ namespace: 'a', name });

let database: ScriptedDatabase;
let store: Store;
let clock: VirtualClock;
let plugins: AdmissionPlugin[];
let registry: Registry;

beforeEach(async () => {
  database = new ScriptedDatabase();
  store = await Store.open(database);
  clock = new VirtualClock();
  plugins = [];
  registry = new Registry({ store, scheme: new Scheme(thingKinds), clock, random: seededRandom(1), plugins });
  await registry.create(Space, '', { metadata: { name: 'a' } }, by);
});

async function refusal(doing: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
  const thrown = await doing.then(
    () => new Error('was not refused'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApiError)) throw thrown;
  return { code: thrown.code, reason: thrown.reason, message: thrown.message };
}

function make(name: string, spec: JsonObject = {}, metadata: JsonObject = {}): Promise<Written<Thing>> {
  return registry.create(Thing, 'a', { metadata: { name, ...metadata }, spec }, by);
}

describe('create', () => {
  test('fills in what the server says: uid, times, generation, defaults, owners of fields', async () => {
    const { object, created } = await make('x', { ports: [{ number: 80 }] });
    expect(created).toBe(true);
    expect(object).toMatchObject({
      apiVersion: 'test.ebb.dev/v1',
      kind: 'Thing',
      metadata: { name: 'x', namespace: 'a', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { replicas: 1, ports: [{ number: 80, protocol: 'TCP' }] },
    });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(object.metadata.managedFields).toMatchObject([{ manager: 'test', operation: 'Update' }]);
    expect(registry.get(Thing, here('x'))).toBe(object);
  });

  test('leaves out status and what only the server may say', async () => {
    const metadata = { uid: 'mine', generation: 9, deletionTimestamp: '2020-01-01T00:00:00Z' };
    const incoming = { metadata: { name: 'x', ...metadata }, spec: {}, status: { phase: 'Done' } };
    const { object } = await registry.create(Thing, 'a', incoming, by);
    expect(object.status).toBeUndefined();
    expect(object.metadata).toMatchObject({ generation: 1 });
    expect(object.metadata.uid).not.toBe('mine');
    expect(object.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a kind without spec has no generation', async () => {
    const { object } = await registry.create(Note, 'a', { metadata: { name: 'n' }, data: { k: 'v' } }, by);
    expect(object.metadata.generation).toBeUndefined();
  });

  test('a generated name is the base and five characters, tried again when it is taken', async () => {
    const first = await make('', {}, { generateName: 'x-' });
    expect(first.object.metadata.name).toMatch(/^x-[a-z0-9]{5}$/);
    const again = new Registry({ store, scheme: new Scheme(thingKinds), clock, random: seededRandom(5), plugins });
    const names = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { object } = await again.create(Thing, 'a', { metadata: { generateName: 'x-' } }, by);
      names.add(object.metadata.name);
    }
    expect(names.size).toBe(3);
  });

  test('with dryRun does everything but the store', async () => {
    const { object, changed } = await registry.create(Thing, 'a', { metadata: { name: 'x' } }, { ...by, dryRun: true });
    expect(changed).toBe(false);
    expect(object.metadata.uid).toBeDefined();
    expect(registry.get(Thing, here('x'))).toBeUndefined();
    await make('x');
    expect(
      await refusal(registry.create(Thing, 'a', { metadata: { name: 'x' } }, { ...by, dryRun: true })),
    ).toMatchObject({ reason: 'AlreadyExists' });
  });

  test.each([
    [
      'what is there',
      { metadata: { name: 'there' } },
      409,
      'AlreadyExists',
      'things.test.ebb.dev "there" already exists',
    ],
    [
      'no name',
      { metadata: {} },
      422,
      'Invalid',
      'Thing.test.ebb.dev "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'another namespace',
      { metadata: { name: 'x', namespace: 'b' } },
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'a resourceVersion',
      { metadata: { name: 'x', resourceVersion: '5' } },
      400,
      'BadRequest',
      'resourceVersion should not be set on objects to be created',
    ],
    [
      'a name with capitals',
      { metadata: { name: 'X' } },
      422,
      'Invalid',
      /^Thing.test.ebb.dev "X" is invalid: metadata.name: Invalid value: "X": a lowercase RFC 1123 subdomain must consist/,
    ],
    [
      'a wrong number',
      { metadata: { name: 'x' }, spec: { replicas: -1 } },
      422,
      'Invalid',
      'Thing.test.ebb.dev "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      'a bad label',
      { metadata: { name: 'x', labels: { 'a b': 'c' } } },
      422,
      'Invalid',
      /metadata.labels: Invalid value: "a b": name part must consist of/,
    ],
    [
      'a bare finalizer',
      { metadata: { name: 'x', finalizers: ['mine'] } },
      422,
      'Invalid',
      /metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name/,
    ],
    [
      'a missing field in a list',
      { metadata: { name: 'x' }, spec: { ports: [{}] } },
      422,
      'Invalid',
      /spec.ports\[0\].number: Required value/,
    ],
  ])('refuses %s', async (_, incoming, code, reason, message) => {
    await make('there');
    const refused = await refusal(registry.create(Thing, 'a', incoming, by));
    expect(refused).toMatchObject({ code, reason });
    expect(refused.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('needs its namespace, and one that is not going', async () => {
    expect(await refusal(registry.create(Thing, 'nowhere', { metadata: { name: 'x' } }, by))).toEqual({
      code: 404,
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
    });
    await registry.delete(Space, { namespace: '', name: 'a' }, by);
    expect(await refusal(make('x'))).toEqual({
      code: 403,
      reason: 'Forbidden',
      message:
        'things.test.ebb.dev "x" is forbidden: unable to create new content in namespace a because it is being terminated',
    });
  });

  test.each([
    ['Warn', undefined],
    ['Ignore', undefined],
    ['Strict', 400],
  ] as const)(
    'with fieldValidation %s an unknown field is told of, dropped in silence, or refused',
    async (fieldValidation, code) => {
      const creating = registry.create(
        Thing,
        'a',
        { metadata: { name: 'x' }, spec: { colour: 'red' } },
        { ...by, fieldValidation },
      );
      if (code)
        return expect(await refusal(creating)).toMatchObject({
          code,
          message: expect.stringContaining('unknown field "spec.colour"') as string,
        });
      const { object, warnings } = await creating;
      expect(object.spec).toEqual({ replicas: 1 });
      expect(warnings).toEqual(fieldValidation === 'Warn' ? ['unknown field "spec.colour"'] : []);
    },
  );

  test('a webhook denies in its own words, and warns', async () => {
    expect(await refusal(registry.create(Gadget, 'a', { metadata: { name: 'g' } }, by))).toEqual({
      code: 400,
      reason: 'BadRequest',
      message:
        'admission webhook "validation.webhook.gadgets.ebb.dev" denied the request: validation failed: missing field(s): spec.image',
    });
    const { warnings } = await registry.create(Gadget, 'a', { metadata: { name: 'g' }, spec: { image: 'old' } }, by);
    expect(warnings).toEqual(['deprecated image: spec.image']);
  });

  test('a full disk is 507 and nothing is there', async () => {
    database.onCommit = () => {
      throw new DiskFullError('full');
    };
    expect(await refusal(make('x'))).toMatchObject({ code: 507 });
    expect(registry.get(Thing, here('x'))).toBeUndefined();
  });
});

describe('update', () => {
  test('counts generations of the spec only', async () => {
    const { object } = await make('x');
    const relabelled = await registry.update(
      Thing,
      here('x'),
      { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } },
      by,
    );
    expect(relabelled.object.metadata.generation).toBe(1);
    const changed = await registry.update(Thing, here('x'), { ...relabelled.object, spec: { replicas: 3 } }, by);
    expect(changed.object.metadata.generation).toBe(2);
  });

  test('shares what it did not change with what was there', async () => {
    const { object } = await make('x', { ports: [{ number: 80 }] });
    const { object: after } = await registry.update(
      Thing,
      here('x'),
      { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } },
      by,
    );
    expect(after.spec).toBe(object.spec);
  });

  test('writes nothing where nothing changes', async () => {
    const { object } = await make('x');
    const revision = store.listRevision;
    const result = await registry.update(
      Thing,
      here('x'),
      { metadata: { name: 'x' }, spec: { replicas: 1 } },
      { ...by, fieldManager: 'other' },
    );
    expect(result).toMatchObject({ changed: false });
    expect(result.object).toBe(object);
    expect(store.listRevision).toBe(revision);
  });

  test('leaves status alone, and a status update leaves all else alone', async () => {
    const { object } = await make('x', { color: 'red' });
    const status = { phase: 'Ready', ports: [{ number: 1 }] };
    const updated = await registry.update(
      Thing,
      here('x'),
      { ...object, spec: { color: 'blue' }, status },
      { ...by, subresource: 'status' },
    );
    expect(updated.object).toMatchObject({
      spec: { color: 'red' },
      status: { phase: 'Ready', ports: [{ number: 1, protocol: 'TCP' }] },
      metadata: { generation: 1 },
    });
    const plain = await registry.update(
      Thing,
      here('x'),
      { ...updated.object, spec: { color: 'green' }, status: { phase: 'Lost' } },
      by,
    );
    expect(plain.object).toMatchObject({
      spec: { color: 'green' },
      status: { phase: 'Ready' },
      metadata: { generation: 2 },
    });
    expect(plain.object.metadata.managedFields?.map(({ subresource }) => subresource)).toEqual(
      expect.arrayContaining(['status', undefined]),
    );
  });

  test('a status comes with the annotations that are part of it, and with no others', async () => {
    const annotations = { own: 'a' };
    const { object } = await registry.create(Runner, 'a', { metadata: { name: 'p', annotations } }, by);
    const marked = { own: 'b', more: 'c', 'test.ebb.dev/mark': 'd' };
    const write = (metadata: object) =>
      registry.update(
        Runner,
        here('p'),
        { ...object, metadata: { name: 'p', ...metadata } },
        { ...by, subresource: 'status' },
      );
    const { object: after } = await write({ annotations: marked });
    expect(after.metadata.annotations).toEqual({ own: 'a', 'test.ebb.dev/mark': 'd' });
    expect(await write({})).toMatchObject({ changed: false });
    const client = localClient(registry, by.user);
    const changed = { ...after, metadata: { ...after.metadata, annotations: { ...marked, 'test.ebb.dev/mark': 'e' } } };
    expect((await client.updateStatus(Runner, changed)).metadata.annotations).toEqual({
      own: 'a',
      'test.ebb.dev/mark': 'e',
    });
  });

  test('a status may be lost only where the kind says so', async () => {
    const { object } = await registry.create(Runner, 'a', { metadata: { name: 'p' } }, by);
    const commits = database.commits.length;
    await registry.update(
      Runner,
      here('p'),
      { ...object, status: { phase: 'Running' } },
      { ...by, subresource: 'status' },
    );
    expect(database.commits.length).toBe(commits);
    const { object: thing } = await make('x');
    await registry.update(
      Thing,
      here('x'),
      { ...thing, status: { phase: 'Running' } },
      { ...by, subresource: 'status' },
    );
    expect(database.commits.length).toBe(commits + 2);
  });

  test('with a stale resourceVersion is a conflict; without one it wins', async () => {
    const { object } = await make('x');
    await registry.update(Thing, here('x'), { ...object, spec: { color: 'red' } }, by);
    expect(await refusal(registry.update(Thing, here('x'), { ...object, spec: { color: 'blue' } }, by))).toEqual({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on things.test.ebb.dev "x": the object has been modified; please apply your changes to the latest version and try again',
    });
    const { object: won } = await registry.update(
      Thing,
      here('x'),
      { metadata: { name: 'x' }, spec: { color: 'blue' } },
      by,
    );
    expect(won.spec.color).toBe('blue');
  });

  test.each([
    ['of what is not there', 'y', {}, 404, 'things.test.ebb.dev "y" not found'],
    [
      'under another name',
      'x',
      { name: 'y' },
      400,
      'the name of the object (y) does not match the name on the URL (x)',
    ],
    [
      'of another object of that name',
      'x',
      { uid: 'other' },
      409,
      /Precondition failed: UID in precondition: other, UID in object meta: /,
    ],
    [
      'of the time of creation',
      'x',
      { creationTimestamp: '2001-01-01T00:00:00Z' },
      422,
      /metadata.creationTimestamp: Invalid value: "2001-01-01T00:00:00Z": field is immutable/,
    ],
  ])('%s is refused', async (_, name, metadata, code, message) => {
    await make('x');
    const refused = await refusal(
      registry.update(Thing, here(name), { metadata: { name, ...metadata }, spec: {} }, by),
    );
    expect(refused.code).toBe(code);
    expect(refused.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('rules that compare with what was there', async () => {
    const { object } = await make('x', { color: 'fixed' });
    expect(await refusal(registry.update(Thing, here('x'), { ...object, spec: { color: 'red' } }, by))).toMatchObject({
      code: 422,
    });
  });

  test('a custom resource is replaced only by the version it names', async () => {
    const { object } = await registry.create(Gadget, 'a', { metadata: { name: 'g' }, spec: { image: 'i' } }, by);
    const { resourceVersion: _, ...metadata } = object.metadata;
    expect(await refusal(registry.update(Gadget, here('g'), { ...object, metadata }, by))).toMatchObject({
      code: 422,
      message:
        'Gadget.gadgets.ebb.dev "g" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    });
  });

  test('a subresource that the kind lacks is not found', async () => {
    await registry.create(Note, 'a', { metadata: { name: 'n' } }, by);
    expect(
      await refusal(registry.update(Note, here('n'), { metadata: { name: 'n' } }, { ...by, subresource: 'status' })),
    ).toMatchObject({ code: 404, message: 'the server could not find the requested resource' });
  });

  test('objects show in the version that is asked for, and are stored in the first', async () => {
    await make('x', { color: 'red' });
    const seen = registry.get(ThingV2, here('x'));
    expect(seen?.apiVersion).toBe('test.ebb.dev/v2');
    await registry.update(ThingV2, here('x'), { ...seen, spec: { color: 'blue' } }, by);
    expect(store.get(Thing.resource, 'a', 'x')?.apiVersion).toBe('test.ebb.dev/v1');
    expect(registry.list(ThingV2).items.map(({ spec }) => spec.color)).toEqual(['blue']);
  });
});

describe('patch', () => {
  test('many at once all come through', async () => {
    await make('x', { replicas: 0 });
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
    await Promise.all(
      keys.map((key) => registry.patch(Thing, here('x'), 'merge', { metadata: { labels: { [key]: 'v' } } }, by)),
    );
    expect(Object.keys(registry.get(Thing, here('x'))?.metadata.labels ?? {}).sort()).toEqual(keys.sort());
  });

  test.each([
    ['merge', { spec: { color: null, replicas: 2 } }, { replicas: 2 }],
    ['json', [{ op: 'replace', path: '/spec/replicas', value: 5 }], { color: 'red', replicas: 5 }],
    [
      'strategic',
      { spec: { ports: [{ number: 1 }] } },
      { color: 'red', replicas: 1, ports: [{ number: 1, protocol: 'TCP' }] },
    ],
  ] as const)('%s', async (type, body, spec) => {
    await make('x', { color: 'red' });
    expect((await registry.patch(Thing, here('x'), type, body as never, by)).object.spec).toEqual(spec);
  });

  test('with a resourceVersion only if it is still that one', async () => {
    await make('x');
    expect(
      await refusal(
        registry.patch(Thing, here('x'), 'merge', { metadata: { resourceVersion: '1' }, spec: { color: 'red' } }, by),
      ),
    ).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  test('of a scale takes only the replicas', async () => {
    await make('x', { color: 'red' });
    const { object } = await registry.patch(
      Thing,
      here('x'),
      'merge',
      { spec: { replicas: 7, color: 'blue' } },
      { ...by, subresource: 'scale' },
    );
    expect(object).toMatchObject({ spec: { replicas: 7, color: 'red' }, metadata: { generation: 2 } });
  });

  test('apply creates, owns, and gives up what it no longer names', async () => {
    const applying = { ...by, fieldManager: 'kubectl', force: false };
    const body = {
      apiVersion: 'test.ebb.dev/v1',
      kind: 'Thing',
      metadata: { name: 'x', labels: { a: '1' } },
      spec: { color: 'red' },
    };
    const made = await registry.patch(Thing, here('x'), 'apply', body, applying);
    expect(made).toMatchObject({ created: true, object: { spec: { color: 'red', replicas: 1 } } });
    const again = await registry.patch(Thing, here('x'), 'apply', body, applying);
    expect(again).toMatchObject({ created: false, changed: false });
    const less = await registry.patch(Thing, here('x'), 'apply', { ...body, metadata: { name: 'x' } }, applying);
    expect(less.object.metadata.labels).toBeUndefined();
    const other = { ...body, spec: { color: 'blue' } };
    expect(
      await refusal(registry.patch(Thing, here('x'), 'apply', other, { ...applying, fieldManager: 'other' })),
    ).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "kubectl": .spec.color',
    });
    const forced = await registry.patch(Thing, here('x'), 'apply', other, {
      ...applying,
      fieldManager: 'other',
      force: true,
    });
    expect(forced.object.spec.color).toBe('blue');
  });

  test('apply needs a field manager', async () => {
    expect(
      await refusal(registry.patch(Thing, here('x'), 'apply', { metadata: { name: 'x' } }, { user: by.user })),
    ).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    });
  });
});

describe('delete', () => {
  const gone = (name: string) => registry.get(Thing, here(name)) === undefined;

  test('removes at once what nothing holds', async () => {
    await make('x');
    expect(await registry.delete(Thing, here('x'), by)).toMatchObject({ removed: true });
    expect(gone('x')).toBe(true);
    expect(await refusal(registry.delete(Thing, here('x'), by))).toMatchObject({
      code: 404,
      message: 'things.test.ebb.dev "x" not found',
    });
  });

  test('finalizers hold it until the last one is taken away', async () => {
    await make('x', {}, { finalizers: ['ebb.dev/one', 'ebb.dev/two'] });
    const { object, removed } = await registry.delete(Thing, here('x'), by);
    expect(removed).toBe(false);
    expect(object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      generation: 2,
    });
    expect(
      await refusal(
        registry.patch(Thing, here('x'), 'merge', { metadata: { finalizers: ['ebb.dev/one', 'ebb.dev/three'] } }, by),
      ),
    ).toMatchObject({
      code: 422,
      message: expect.stringContaining(
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"ebb.dev/three"}',
      ) as string,
    });
    await registry.patch(Thing, here('x'), 'merge', { metadata: { finalizers: ['ebb.dev/two'] } }, by);
    expect(gone('x')).toBe(false);
    await registry.patch(Thing, here('x'), 'merge', { metadata: { finalizers: null } }, by);
    expect(gone('x')).toBe(true);
  });

  test.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ] as const)('propagation %s leaves its finalizer for the garbage collector', async (propagation, finalizers) => {
    await make('x');
    const { object, removed } = await registry.delete(Thing, here('x'), { ...by, propagation });
    expect(removed).toBe(false);
    expect(object.metadata.finalizers).toEqual(finalizers);
    expect(await registry.delete(Thing, here('x'), { ...by, propagation: 'Background' })).toMatchObject({
      removed: true,
    });
  });

  test('a grace holds what runs, may be shortened, and ends with a delete of grace 0', async () => {
    await registry.create(Runner, 'a', { metadata: { name: 'p' }, spec: { node: 'n' } }, by);
    const first = await registry.delete(Runner, here('p'), by);
    expect(first.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    const revision = store.listRevision;
    await registry.delete(Runner, here('p'), by);
    expect(store.listRevision).toBe(revision);
    const sooner = await registry.delete(Runner, here('p'), { ...by, gracePeriodSeconds: 5 });
    expect(sooner.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:05Z',
      deletionGracePeriodSeconds: 5,
    });
    expect(await registry.delete(Runner, here('p'), { ...by, gracePeriodSeconds: 0 })).toMatchObject({ removed: true });
  });

  test('what runs nowhere goes at once', async () => {
    await registry.create(Runner, 'a', { metadata: { name: 'p' } }, by);
    expect(await registry.delete(Runner, here('p'), { ...by, gracePeriodSeconds: 60 })).toMatchObject({
      removed: true,
    });
  });

  test('preconditions', async () => {
    const { object } = await make('x');
    expect(await refusal(registry.delete(Thing, here('x'), { ...by, uid: 'other' }))).toMatchObject({
      code: 409,
      message: expect.stringMatching(
        /the UID in the precondition \(other\) does not match the UID in record/,
      ) as string,
    });
    expect(await refusal(registry.delete(Thing, here('x'), { ...by, resourceVersion: '1' }))).toMatchObject({
      code: 409,
      message: expect.stringMatching(/the ResourceVersion in the precondition \(1\) does not match/) as string,
    });
    const exact = { ...by, uid: object.metadata.uid ?? '', resourceVersion: object.metadata.resourceVersion ?? '' };
    expect(await registry.delete(Thing, here('x'), exact)).toMatchObject({ removed: true });
  });

  test('a webhook may refuse it, and a dry run only asks', async () => {
    await registry.create(
      Gadget,
      'a',
      { metadata: { name: 'g', annotations: { keep: 'yes' } }, spec: { image: 'i' } },
      by,
    );
    expect(await refusal(registry.delete(Gadget, here('g'), by))).toMatchObject({ code: 400 });
    await make('x');
    expect(await registry.delete(Thing, here('x'), { ...by, dryRun: true })).toMatchObject({ removed: true });
    expect(gone('x')).toBe(false);
  });

  test('a Namespace waits for its contents; some never go', async () => {
    const { object } = await registry.delete(Space, { namespace: '', name: 'a' }, by);
    expect(object).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
    await registry.update(
      Space,
      { namespace: '', name: 'a' },
      { ...object, spec: { finalizers: [] } },
      { ...by, subresource: 'finalize' },
    );
    expect(registry.get(Space, { namespace: '', name: 'a' })).toBeUndefined();
    expect(await refusal(registry.delete(Space, { namespace: '', name: 'default' }, by))).toMatchObject({
      code: 403,
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    });
  });

  test('a collection by selector', async () => {
    for (const [name, app] of [
      ['x', 'one'],
      ['y', 'two'],
      ['z', 'one'],
    ] as const)
      await make(name, {}, { labels: { app } });
    const { items } = await registry.deleteCollection(Thing, { namespace: 'a', labelSelector: 'app=one' }, by);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['x', 'z']);
    expect(registry.list(Thing).items.map(({ metadata }) => metadata.name)).toEqual(['y']);
  });
});

test.each([
  [{ labelSelector: 'app in (one,two),app!=two' }, ['x']],
  [{ fieldSelector: 'metadata.name=y' }, ['y']],
  [{ fieldSelector: 'spec.color=red' }, ['x']],
  [{ namespace: 'b' }, []],
  [{}, ['x', 'y']],
])('list by %j', async (options, names) => {
  await make('x', { color: 'red' }, { labels: { app: 'one' } });
  await make('y', {}, { labels: { app: 'two' } });
  expect(registry.list(Thing, options).items.map(({ metadata }) => metadata.name)).toEqual(names);
});

test('a field that cannot be selected by is refused', () => {
  expect(() => registry.list(Thing, { fieldSelector: 'spec.replicas=1' })).toThrow(
    'field label not supported: spec.replicas',
  );
});

test('plug-ins change, refuse, warn, and hear of the end', async () => {
  const heard: string[] = [];
  plugins.push({
    admit(request) {
      if (request.object) request.object.metadata.annotations = { touched: request.operation };
      request.warn('touched');
    },
    validate(request) {
      if (request.name === 'no') throw forbidden({ group: '', plural: 'things' }, request.name, 'not here');
    },
    done: (request, stored) => void heard.push(`${request.operation} ${request.name} ${stored}`),
  });
  const { object, warnings } = await make('x');
  expect(object.metadata.annotations).toEqual({ touched: 'CREATE' });
  expect(warnings).toEqual(['touched']);
  expect(await refusal(make('no'))).toMatchObject({ code: 403 });
  await registry.delete(Thing, here('x'), by);
  expect(heard).toEqual(['CREATE x true', 'DELETE x true']);
});
