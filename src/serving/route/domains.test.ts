// Host names by config-domain and config-network, as an operator sets them.

import type { Route } from '#kinds/mod.ts';
import { domainConfig, networkConfig } from '#kinds/mod.ts';
import { describe, expect, test } from 'vitest';
import { RouteDomains } from './domains.ts';

type Data = Readonly<Record<string, string>>;

interface Setting {
  /** Of config-domain; only `example.com` unless told. */
  readonly domain?: Data;
  /** Of config-network. */
  readonly network?: Data;
  readonly labels?: Data;
  readonly annotations?: Data;
  readonly privateTags?: readonly string[];
}

function domainsBy({
  domain = { 'example.com': '' },
  network = {},
  labels = {},
  annotations = {},
  privateTags = [],
}: Setting): RouteDomains {
  const metadata = { name: 'hello', namespace: 'shop', labels, annotations };
  const route = { apiVersion: 'serving.knative.dev/v1', kind: 'Route', metadata, spec: {} } as Route;
  const settings = { domains: domainConfig.parse(domain), network: networkConfig.parse(network) };
  return new RouteDomains(route, settings, new Set(privateTags));
}

const LOCAL = 'svc.cluster.local';
const VISIBILITY = 'networking.knative.dev/visibility';
const selecting = (labels: Data) =>
  ['selector:', ...Object.entries(labels).map(([key, value]) => `  ${key}: ${value}`), ''].join('\n');

const several: Data = {
  'example.com': '',
  'nonprofit.org': selecting({ app: 'nonprofit' }),
  'books.nonprofit.org': selecting({ app: 'nonprofit', tier: 'books' }),
  'a.team.dev': selecting({ team: 'x' }),
  'b.team.dev': selecting({ team: 'x' }),
  [LOCAL]: selecting({ app: 'secret' }),
};

describe('a Route is called', () => {
  test.each<[string, Setting, host: string, ofTag: string]>([
    ['by the only domain', {}, 'hello.shop.example.com', 'v1-hello.shop.example.com'],
    ['by none from outside, where there is none', { domain: {} }, `hello.shop.${LOCAL}`, `v1-hello.shop.${LOCAL}`],
    [
      'by the domain without a selector, where no other is for it',
      { domain: several, labels: { app: 'shop' } },
      'hello.shop.example.com',
      'v1-hello.shop.example.com',
    ],
    [
      'by the domain for its label',
      { domain: several, labels: { app: 'nonprofit', more: 'x' } },
      'hello.shop.nonprofit.org',
      'v1-hello.shop.nonprofit.org',
    ],
    [
      'by the domain for most of its labels',
      { domain: several, labels: { app: 'nonprofit', tier: 'books' } },
      'hello.shop.books.nonprofit.org',
      'v1-hello.shop.books.nonprofit.org',
    ],
    [
      'not by one of whose labels it has only some',
      { domain: several, labels: { tier: 'books' } },
      'hello.shop.example.com',
      'v1-hello.shop.example.com',
    ],
    [
      'by the first of those that are as specific',
      { domain: several, labels: { team: 'x' } },
      'hello.shop.a.team.dev',
      'v1-hello.shop.a.team.dev',
    ],
    [
      'from inside only, where its labels say so',
      { domain: several, labels: { app: 'secret' } },
      `hello.shop.${LOCAL}`,
      `v1-hello.shop.${LOCAL}`,
    ],
    [
      'from inside only, where it is private',
      { domain: several, labels: { app: 'nonprofit', [VISIBILITY]: 'cluster-local' } },
      `hello.shop.${LOCAL}`,
      `v1-hello.shop.${LOCAL}`,
    ],
    ['and a tag from inside only', { privateTags: ['v1'] }, 'hello.shop.example.com', `v1-hello.shop.${LOCAL}`],
    [
      'by a template for domains',
      { network: { 'domain-template': '{{.Name}}-{{.Namespace}}.apps.{{.Domain}}' } },
      'hello-shop.apps.example.com',
      'v1-hello-shop.apps.example.com',
    ],
    [
      'by a template that asks for a label and an annotation',
      {
        network: {
          'domain-template':
            '{{.Name}}.{{index .Labels "team"}}{{if .Annotations.sub}}.{{.Annotations.sub}}{{end}}.{{.Domain}}',
        },
        labels: { team: 'red' },
        annotations: { sub: 'eu' },
      },
      'hello.red.eu.example.com',
      'v1-hello.red.eu.example.com',
    ],
    [
      'by a template for tags',
      { network: { 'tag-template': '{{.Name}}-{{.Tag}}' } },
      'hello.shop.example.com',
      'hello-v1.shop.example.com',
    ],
    [
      'by both templates and a selector',
      {
        domain: several,
        labels: { app: 'nonprofit' },
        network: { 'domain-template': '{{.Namespace}}.{{.Name}}.{{.Domain}}', 'tag-template': '{{.Tag}}.{{.Name}}' },
      },
      'shop.hello.nonprofit.org',
      'shop.v1.hello.nonprofit.org',
    ],
    [
      'by a name that is longer than each of its parts may be',
      { network: { 'domain-template': `{{.Name}}.${'x'.repeat(63)}.${'y'.repeat(63)}.{{.Domain}}` } },
      `hello.${'x'.repeat(63)}.${'y'.repeat(63)}.example.com`,
      `v1-hello.${'x'.repeat(63)}.${'y'.repeat(63)}.example.com`,
    ],
    [
      'from inside only, whatever the template would make of it outside',
      {
        labels: { [VISIBILITY]: 'cluster-local' },
        network: { 'domain-template': `{{.Name}}-${'x'.repeat(63)}.{{.Domain}}` },
      },
      `hello.shop.${LOCAL}`,
      `v1-hello.shop.${LOCAL}`,
    ],
    [
      'inside by the usual template, and by that for tags',
      {
        network: { 'domain-template': '{{.Name}}.{{.Domain}}', 'tag-template': '{{.Name}}-{{.Tag}}' },
        labels: { [VISIBILITY]: 'cluster-local' },
      },
      `hello.shop.${LOCAL}`,
      `hello-v1.shop.${LOCAL}`,
    ],
  ])('%s', (_, setting, host, ofTag) => {
    const domains = domainsBy(setting);
    expect([domains.publicHost(''), domains.publicHost('v1')]).toEqual([host, ofTag]);
    expect([domains.url(''), domains.url('v1')]).toEqual([`http://${host}`, `http://${ofTag}`]);
    expect([domains.isPrivate(''), domains.isPrivate('v1')]).toEqual([host.endsWith(LOCAL), ofTag.endsWith(LOCAL)]);
  });

  test('inside by three names, whatever templates and domains say of the outside', () => {
    const domains = domainsBy({
      domain: several,
      labels: { app: 'nonprofit' },
      network: { 'domain-template': '{{.Name}}.{{.Domain}}', 'tag-template': '{{.Name}}-{{.Tag}}' },
    });
    expect(domains.localHosts('')).toEqual(['hello.shop', 'hello.shop.svc', `hello.shop.${LOCAL}`]);
    expect(domains.localHosts('v1')).toEqual(['hello-v1.shop', 'hello-v1.shop.svc', `hello-v1.shop.${LOCAL}`]);
    expect(domains.localHost('v1')).toBe(`hello-v1.shop.${LOCAL}`);
  });

  test.each([
    [{}, false, 'http://hello.shop.example.com'],
    [{}, true, 'https://hello.shop.example.com'],
    [{ network: { 'default-external-scheme': 'https' } }, false, 'https://hello.shop.example.com'],
    [
      { network: { 'default-external-scheme': 'https' }, labels: { [VISIBILITY]: 'cluster-local' } },
      false,
      `http://hello.shop.${LOCAL}`,
    ],
  ])('with the scheme that there is: %j, certificate %j', (setting, secure, url) => {
    expect(domainsBy(setting).url('', secure)).toBe(url);
  });
});

const LABEL_TEXT = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'";

describe('a template that is broken', () => {
  test.each<[string, Data, why: string]>([
    ['cannot be read', { 'domain-template': '{{.Name' }, 'template: domain-template:'],
    [
      'has a field that there is not',
      { 'domain-template': '{{.Nope}}.x' },
      "can't evaluate field Nope in type config.",
    ],
    ['is a path', { 'domain-template': '{{.Name}}.{{.Domain}}/x' }, 'domain template has url path: /x'],
    ['is empty', { 'domain-template': '{{if .Labels.x}}x{{end}}' }, 'empty hostname'],
    [
      'is one for tags and asks for a namespace',
      { 'tag-template': '{{.Namespace}}' },
      "can't evaluate field Namespace",
    ],
  ])('is refused where it %s', (_, network, why) => {
    expect(() => networkConfig.parse(network)).toThrow(why);
  });

  test.each<[string, template: string, labels: Data, why: string]>([
    [
      'which asks for what there is not only sometimes',
      '{{if .Labels.team}}{{.Nope}}{{end}}{{.Name}}.{{.Domain}}',
      { team: 'x' },
      'executing "domain-template" at <.Nope>: can\'t evaluate field Nope in type config.DomainTemplateValues',
    ],
    [
      'which asks for a label that the Route has not',
      '{{.Name}}.{{.Labels.team}}.{{.Domain}}',
      {},
      `invalid domain name "hello.<no value>.example.com": url: Invalid value: "hello.<no value>.example.com": ${LABEL_TEXT}`,
    ],
    [
      'which asks for it as an index',
      '{{.Name}}.{{index .Labels "team"}}.{{.Domain}}',
      {},
      `invalid domain name "hello..example.com": url: Invalid value: "hello..example.com": ${LABEL_TEXT}`,
    ],
    [
      'whose label is no part of a host',
      '{{.Name}}.{{.Labels.team}}.{{.Domain}}',
      { team: 'Red_1' },
      'invalid domain name "hello.Red_1.example.com"',
    ],
    [
      'which makes a name of one part',
      '{{.Name}}',
      {},
      'url: Invalid value: "hello": should be a domain with at least two segments separated by dots',
    ],
    [
      'which makes a part too long',
      `{{.Name}}-${'x'.repeat(60)}.{{.Domain}}`,
      {},
      `url: Invalid value: "hello-${'x'.repeat(60)}": must be no more than 63`,
    ],
    ['which makes nothing', '{{if .Labels.team}}{{else}}x.{{.Domain}}{{end}}', { team: 'x' }, 'url: Required value'],
  ])('is told by the Route: one %s', (_, template, labels, why) => {
    const domains = domainsBy({ network: { 'domain-template': template }, labels });
    expect(() => domains.url('')).toThrow(why);
    // Inside it has its name all the same.
    expect(domains.localHost('')).toBe(`hello.shop.${LOCAL}`);
  });
});
