// What holds at home and not against a real API server, each with its reason. An exception that holds after all fails.

export const EXCEPTIONS = {
  /** By the words of the promise. */
  contracts: {
    'patches by strategic': 'custom resources take no strategic merge patch',
    'refuses what a webhook denies': 'nobody serves the webhook of this kind here',
  } as Readonly<Record<string, string>>,
  /** By what the case is called. */
  cases: {} as Readonly<Record<string, string>>,
  /** Kinds whose objects by chance are not compared, by kind and version. */
  kinds: {
    'EventType eventing.knative.dev/v1beta3': 'a cluster converts it by a webhook, which nobody serves here',
  } as Readonly<Record<string, string>>,
  /** Where the two API servers may differ in what they keep: the place, and why. */
  places: [
    [/^\.spec\.serviceAccount(Name)?$/, 'this cluster has no accounts, and so no admission of them'],
    [/(^|\.)(batch\.kubernetes\.io\/)?controller-uid$/, 'names the uid, which is another one each time'],
    [/^\.(data|binaryData)\.\w+$/, 'bytes that are null: Go keeps null, Ebb nothing'],
  ] as readonly (readonly [place: RegExp, why: string])[],
  /** Or in what they say. */
  words: [
    [/hides previous definition of/, 'Ebb does not warn of variables that are defined twice'],
  ] as readonly (readonly [words: RegExp, why: string])[],
} as const;
