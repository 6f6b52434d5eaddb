// Names of a Revision's children.

import { childName } from '#machinery/mod.ts';

export const deploymentName = (revision: string): string => childName(revision, '-deployment');
export const privateServiceName = (revision: string): string => childName(revision, '-private');
export const imageName = (revision: string, container: string): string =>
  childName(childName(revision, '-cache'), `-${container}`);
