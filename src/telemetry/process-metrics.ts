// What a process is to the machine: CPU, memory, descriptors, and how busy its event loop is.

import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Metrics } from './metrics.ts';

/** Looked up at each reading, so that a process that nobody looks at does nothing for it. `service` names the process. */
export function showProcess(metrics: Metrics, service: string): void {
  const labels = { 'service.name': service };
  const modes = (['user', 'system'] as const).map((mode) => ({ mode, labels: { ...labels, 'cpu.mode': mode } }));
  const cpu = metrics.counter('process.cpu.time');
  const memory = metrics.gauge('process.memory.usage');
  const uptime = metrics.gauge('process.uptime');
  const descriptors = metrics.gauge('process.unix.file_descriptor.count');
  const loop = metrics.gauge('nodejs.eventloop.utilization');
  const used = metrics.gauge('v8js.memory.heap.used');
  const limit = metrics.gauge('v8js.memory.heap.limit');
  let cpuBefore = { user: 0, system: 0 };
  let loopBefore = performance.eventLoopUtilization();
  metrics.beforeRead(() => {
    const cpuNow = process.cpuUsage();
    for (const { mode, labels: own } of modes) cpu.add(own, Math.max(0, cpuNow[mode] - cpuBefore[mode]) / 1e6);
    cpuBefore = cpuNow;
    const loopNow = performance.eventLoopUtilization();
    loop.set(performance.eventLoopUtilization(loopNow, loopBefore).utilization, labels);
    loopBefore = loopNow;
    const heap = getHeapStatistics();
    memory.set(process.memoryUsage.rss(), labels);
    uptime.set(process.uptime(), labels);
    used.set(heap.used_heap_size, labels);
    limit.set(heap.heap_size_limit, labels);
    const open = openDescriptors();
    if (open !== undefined) descriptors.set(open, labels);
  });
}

/** Undefined where the system has no /proc. */
function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
