// Messages of policy/v1: facts from the struct tags of k8s.io/api and k8s.io/apimachinery v0.35, in the notation of messages.ts.

export const policy = `
Eviction metadata=1:meta.ObjectMeta deleteOptions=2:meta.DeleteOptions?
`;
