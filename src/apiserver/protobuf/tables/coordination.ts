// Messages of coordination.k8s.io/v1: facts from the struct tags of k8s.io/api and k8s.io/apimachinery v0.35, in the notation of messages.ts.

export const coordination = `
Lease metadata=1:meta.ObjectMeta spec=2:LeaseSpec
LeaseSpec holderIdentity=1:string? leaseDurationSeconds=2:int32? acquireTime=3:MicroTime? renewTime=4:MicroTime? leaseTransitions=5:int32? strategy=6:string? preferredHolder=7:string?
`;
