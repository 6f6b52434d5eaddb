// Admission while the disk runs full: what would take more of it is refused, so that deletions, status and the platform's own
// writes go on.

import { outOfSpace } from '#machinery/mod.ts';
import type { AdmissionPlugin } from '#objects/mod.ts';

/** Parts of the platform: their writes are few and small, and keep what users delete going. */
const OWN = 'system:ebb:';

/** `refusal` says why so many bytes more are too many. What is being deleted, or becomes smaller, is let through. */
export function diskSpaceAdmission(refusal: (bytes: number) => string | undefined): AdmissionPlugin {
  return {
    validate({ operation, object, before, subresource, user }) {
      if (operation === 'DELETE' || !object || subresource !== undefined || user.name.startsWith(OWN)) return;
      if (before?.metadata.deletionTimestamp !== undefined) return;
      const grown = sizeOf(object) - (before ? sizeOf(before) : 0);
      const said = grown > 0 ? refusal(grown) : undefined;
      if (said) throw outOfSpace(said);
    },
  };
}

function sizeOf(object: object): number {
  return JSON.stringify(object).length;
}
