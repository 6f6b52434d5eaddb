// What a decision means for the path of requests: whether the gateway buffers, and among how many a revision would be shared.

/** Serve: straight to the copies; proxy: through the buffer. */
export function pathMode({
  scale,
  excessBurstCapacity,
}: {
  scale: number;
  excessBurstCapacity: number;
}): 'Serve' | 'Proxy' {
  return scale > 0 && excessBurstCapacity >= 0 ? 'Serve' : 'Proxy';
}

const MIN_ACTIVATORS = 2;

/** How many activators a revision is shared among, of `activatorCapacity` requests each. */
export function activatorCount(of: {
  ready: number;
  total: number;
  targetBurstCapacity: number;
  activatorCapacity: number;
}): number {
  const { ready, total, targetBurstCapacity: burst, activatorCapacity } = of;
  if (burst === 0) return MIN_ACTIVATORS;
  return Math.max(MIN_ACTIVATORS, Math.ceil((ready * total + Math.max(0, burst)) / activatorCapacity));
}
