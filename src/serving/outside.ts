// How the gateway is reached from outside this machine, for controllers: read, and looked at again when it changes.

import type { Reader, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import type { OutsidePorts } from '#kinds/mod.ts';
import { CoreService, GATEWAY_SERVICE, outsidePortsOf } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';

export type { OutsidePorts } from '#kinds/mod.ts';
export { outsideUrl } from '#kinds/mod.ts';

/** The node ports of the gateway's Service, as far as it has some. */
export function outsidePorts(reader: Reader): OutsidePorts {
  return outsidePortsOf(reader.get(CoreService, GATEWAY_SERVICE.namespace, GATEWAY_SERVICE.name));
}

/** A look at every object of a kind when the gateway's ports change. */
export function watchOutside<O extends KubeObject>(kind: Kind<O>): Watch {
  return watch(CoreService, ({ metadata: { namespace, name } }, reader) =>
    namespace === GATEWAY_SERVICE.namespace && name === GATEWAY_SERVICE.name ? reader.list(kind).map(keyOf) : [],
  );
}
