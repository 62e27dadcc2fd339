// What the operating system says of this process, under the names that Qdrant has for it. What is found under /proc is
// left out where there is no /proc.

import { readFileSync } from 'node:fs';
import { gauge, type MetricFamily } from './exposition.ts';

const KIBIBYTE = 1024;

export interface ProcessMemory {
  /** In RAM. */
  readonly residentBytes: number;
  /** The part of it that is no mapped file; all of it where the system does not tell. */
  readonly activeBytes: number;
  /** The main thread's heap in use and the buffers it holds. */
  readonly allocatedBytes: number;
}

export function processMemory(): ProcessMemory {
  const { rss, heapUsed, external } = process.memoryUsage();
  const anonymousKib = numberIn(read('/proc/self/status'), 'RssAnon');
  return {
    residentBytes: rss,
    activeBytes: anonymousKib === undefined ? rss : anonymousKib * KIBIBYTE,
    allocatedBytes: heapUsed + external,
  };
}

export function processFamilies(): MetricFamily[] {
  const { minorPageFault, majorPageFault } = process.resourceUsage();
  const { residentBytes, activeBytes, allocatedBytes } = processMemory();
  const status = read('/proc/self/status');
  const maps = read('/proc/self/maps');
  return [
    ...optional('process_threads', 'Threads of the process', numberIn(status, 'Threads')),
    ...optional('process_open_mmaps', 'Mapped regions', maps?.split('\n').length),
    counter('process_minor_page_faults_total', 'Page faults without reading', minorPageFault),
    counter('process_major_page_faults_total', 'Page faults with reading', majorPageFault),
    gauge('memory_resident_bytes', 'Memory of the process in RAM', residentBytes),
    gauge('memory_active_bytes', 'The part of it that is no mapped file', activeBytes),
    gauge('memory_allocated_bytes', "The main thread's heap and buffers", allocatedBytes),
  ];
}

function optional(name: string, help: string, value: number | undefined): MetricFamily[] {
  return value === undefined ? [] : [gauge(name, help, value)];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'counter', samples: [{ value }] };
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
