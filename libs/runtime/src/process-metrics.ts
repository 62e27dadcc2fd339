// What the operating system and V8 say of this process, under the names that Qdrant and Prometheus have for it. What is
// found under /proc is left out where there is no /proc.
//
// Qdrant's five figures of memory are those of its allocator; here they are the nearest that V8 and the system have.

import { readdirSync, readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { counter, gauge, type MetricFamily } from './exposition.ts';

const KIBIBYTE = 1024;
const MICROSECONDS = 1e6;

export interface ProcessMemory {
  /** In RAM. */
  readonly residentBytes: number;
  /** The part of it that is no mapped file; all of it where the system does not tell. */
  readonly activeBytes: number;
  /** The main thread's heap in use and the buffers it holds. */
  readonly allocatedBytes: number;
  /** What V8 has taken for its own bookkeeping, of the main thread. */
  readonly metadataBytes: number;
  /** What V8 holds of the main thread's heap and does not use: it has not been given back to the system. */
  readonly retainedBytes: number;
}

export function processMemory(): ProcessMemory {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const anonymousKib = numberIn(read('/proc/self/status'), 'RssAnon');
  return {
    residentBytes: rss,
    activeBytes: anonymousKib === undefined ? rss : anonymousKib * KIBIBYTE,
    allocatedBytes: heapUsed + external,
    metadataBytes: getHeapStatistics().malloced_memory,
    retainedBytes: heapTotal - heapUsed,
  };
}

export function processFamilies(): MetricFamily[] {
  return [...memoryFamilies(), ...systemFamilies()];
}

function memoryFamilies(): MetricFamily[] {
  const memory = processMemory();
  return [
    gauge('memory_resident_bytes', 'Memory of the process in RAM', memory.residentBytes),
    gauge('memory_active_bytes', 'The part of it that is no mapped file', memory.activeBytes),
    gauge('memory_allocated_bytes', "The main thread's heap and buffers", memory.allocatedBytes),
    gauge(
      'memory_metadata_bytes',
      "What V8 took for the main thread's bookkeeping",
      memory.metadataBytes,
    ),
    gauge(
      'memory_retained_bytes',
      "What V8 holds of the main thread's heap without using it",
      memory.retainedBytes,
    ),
    gauge('process_resident_memory_bytes', 'Memory of the process in RAM', memory.residentBytes),
  ];
}

function systemFamilies(): MetricFamily[] {
  const { minorPageFault, majorPageFault, userCPUTime, systemCPUTime } = process.resourceUsage();
  const status = read('/proc/self/status');
  const virtualKib = numberIn(status, 'VmSize');
  return [
    counter(
      'process_cpu_seconds_total',
      'CPU of all threads',
      (userCPUTime + systemCPUTime) / MICROSECONDS,
    ),
    gauge('process_start_time_seconds', 'When the process began', startedSec),
    ...optional('process_threads', 'Threads of the process', numberIn(status, 'Threads')),
    ...optional('process_open_fds', 'Files and sockets that are open', openFiles()),
    ...optional('process_max_fds', 'As many may be open', maxFiles()),
    ...optional(
      'process_open_mmaps',
      'Mapped regions',
      read('/proc/self/maps')?.split('\n').length,
    ),
    ...optional(
      'process_virtual_memory_bytes',
      'Addresses in use, in RAM or not',
      virtualKib === undefined ? undefined : virtualKib * KIBIBYTE,
    ),
    counter('process_minor_page_faults_total', 'Page faults without reading', minorPageFault),
    counter('process_major_page_faults_total', 'Page faults with reading', majorPageFault),
  ];
}

/** Of this process, so it does not move with the clock. */
const startedSec = performance.timeOrigin / 1_000;

function optional(name: string, help: string, value: number | undefined): MetricFamily[] {
  return value === undefined ? [] : [gauge(name, help, value)];
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

/** The soft limit; infinite where there is none. */
function maxFiles(): number | undefined {
  const soft = read('/proc/self/limits')?.match(/^Max open files\s+(\S+)/m)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

function numberIn(status: string | undefined, key: string): number | undefined {
  const found = status?.match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))?.[1];
  return found === undefined ? undefined : Number(found);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}
