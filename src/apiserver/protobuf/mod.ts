// Kubernetes' protobuf, for request bodies of built-in kinds. Answers are always JSON.

export { decodeProtobuf } from './decode.ts';
export type { DecodedProtobuf } from './decode.ts';
