/** What keeps a Pod from having its volumes, in words; it is tried again. */
export class VolumeProblem extends Error {
  override readonly name = 'VolumeProblem';
}
