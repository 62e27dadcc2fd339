import assert from 'node:assert/strict';
import test from 'node:test';
import { expositionText, gauge } from './exposition.ts';
import { processFamilies, processMemory } from './process-metrics.ts';

test('families are written as Prometheus reads them, prefixed, labels escaped', () => {
  const text = expositionText(
    [
      gauge('a', 'one\nline \\', 1.5, { id: 'x"y\\z\n' }),
      { name: 'none', help: 'left out', type: 'gauge', samples: [] },
      {
        name: 'h',
        help: 'a histogram',
        type: 'histogram',
        samples: [
          { suffix: '_bucket', labels: { le: '+Inf' }, value: 2 },
          { suffix: '_sum', value: Number.POSITIVE_INFINITY },
          { suffix: '_count', value: 2 },
        ],
      },
    ],
    'p_',
  );
  assert.equal(
    text,
    [
      '# HELP p_a one\\nline \\\\',
      '# TYPE p_a gauge',
      'p_a{id="x\\"y\\\\z\\n"} 1.5',
      '',
      '# HELP p_h a histogram',
      '# TYPE p_h histogram',
      'p_h_bucket{le="+Inf"} 2',
      'p_h_sum +Inf',
      'p_h_count 2',
      '',
    ].join('\n'),
  );
});

test('the process tells its memory, threads and page faults', () => {
  const named = new Map(processFamilies().map(({ name, samples }) => [name, samples[0]?.value]));
  assert.ok((named.get('process_minor_page_faults_total') ?? 0) > 0);
  assert.ok((named.get('memory_resident_bytes') ?? 0) > 10_000_000);
  assert.ok((named.get('memory_allocated_bytes') ?? 0) > 1_000_000);
  if (process.platform === 'linux') {
    assert.ok((named.get('process_threads') ?? 0) >= 1);
    assert.ok((named.get('process_open_mmaps') ?? 0) > 10);
    const { activeBytes, residentBytes } = processMemory();
    assert.ok(activeBytes > 0 && activeBytes <= 1.5 * residentBytes);
  }
});
