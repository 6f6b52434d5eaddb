// config-kreference-mapping: where objects of kinds are reached that say no address of their own.

import { goTemplate, messageOf } from '#base/mod.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';

/** What a template may use. */
export interface MappedObject {
  readonly Name: string;
  readonly Namespace: string;
  readonly SystemNamespace: string;
  readonly UID: string;
}

const EXAMPLE: MappedObject = { Name: '', Namespace: '', SystemNamespace: '', UID: '' };

export const kreferenceMappingConfig = defineConfigMap(
  'config-kreference-mapping',
  {},
  {
    namespace: EVENTING_NAMESPACE,
    component: 'config-kreference-mapping',
    doc: 'Read where config-features has kreference-mapping on. A key is KIND.VERSION.GROUP, as Pod.v1; its value is a URL, a Go template over .Name, .Namespace, .SystemNamespace and .UID of the object.',
    derive: (_values, data) => ({
      /** The template for a kind; undefined where there is none. */
      templateFor(apiVersion: string, kind: string): string | undefined {
        const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
        return data[[kind, version, group].filter(Boolean).join('.')];
      },
    }),
    checkData: (data) => {
      const keys = Object.keys(data).filter((key) => !key.startsWith('_'));
      return keys.map((key) => templateFault(key, data[key] ?? '')).find(Boolean);
    },
  },
);
export type KReferenceMappingConfig = ConfigOf<typeof kreferenceMappingConfig>;

function templateFault(key: string, template: string): string | undefined {
  try {
    goTemplate(template)(EXAMPLE);
    return undefined;
  } catch (thrown) {
    return `failed to parse ${JSON.stringify(key)}: ${messageOf(thrown)}`;
  }
}
