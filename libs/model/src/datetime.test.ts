import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseDatetime } from './datetime.ts';

test('every time that JavaScript writes is read to the millisecond', () => {
  const date = fc.date({ min: new Date(-62_167_219_200_000), max: new Date(253_402_300_799_999) });
  fc.assert(
    fc.property(date, (each) => {
      if (Number.isNaN(each.getTime())) return;
      const micros = parseDatetime(each.toISOString()) ?? assert.fail();
      assert.equal(BigInt(micros), BigInt(each.getTime()) * 1_000n);
    }),
    { numRuns: 2_000 },
  );
});

test('each form is the time it says, in UTC where it names no zone', () => {
  const noon = Date.UTC(2024, 1, 29, 12) * 1_000;
  for (const [text, micros] of [
    ['2024-02-29', noon - 43_200_000_000],
    ['2024-02-29T12:00', noon],
    ['2024-02-29 12:00:00', noon],
    ['2024-02-29T12:00:00.000001Z', noon + 1],
    ['2024-02-29T12:00:00.1234567Z', noon + 123_456],
    ['2024-02-29T14:00:00+02:00', noon],
    ['2024-02-29T14:00:00+0200', noon],
    ['2024-02-29 06:30:00-05:30', noon],
    ['1970-01-01T00:00:00Z', 0],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['2024-2-29', noon - 43_200_000_000],
    ['2024-2-29 9:5', noon - 10_500_000_000],
    ['2024-02-29T11:59:60Z', noon],
    ['2024-02-29T23:59:60', noon + 43_200_000_000],
    ['2024-02-29t12:00:00z', noon],
    ['2024-02-29 12:00:00 UTC', noon],
    ['2024-02-29T12:00:00.5+00', noon + 500_000],
    [' 2024-02-29', noon - 43_200_000_000],
  ] as const) {
    assert.equal(parseDatetime(text), micros, text);
  }
});

test('microseconds are distinguished in every year', () => {
  for (const [year, micros] of [
    ['0001', -62_135_596_800_000_000n],
    ['2254', 8_962_185_600_000_000n],
    ['2300', 10_413_792_000_000_000n],
    ['9999', 253_370_764_800_000_000n],
    ['+20000', 568_971_820_800_000_000n],
  ] as const) {
    for (const digit of [1n, 2n, 999_999n]) {
      const text = `${year}-01-01T00:00:00.${String(digit).padStart(6, '0')}Z`;
      assert.equal(BigInt(parseDatetime(text) ?? assert.fail()), micros + digit, text);
    }
  }
});

test('what is no time is undefined', () => {
  for (const text of [
    '',
    'now',
    '2024',
    '2024-13-01',
    '2023-02-29',
    '2024-02-30T00:00:00Z',
    '2024-02-29T24:00:00Z',
    '2024-02-29T12:60:00Z',
    '2024-02-29Z',
    '2024-02-29T12:00:00+24:00',
    '2024-02-29 ',
    '2024-02-29T12:00:00,5Z',
    '2024-02-29T12:00Z',
    '2024-02-29T12:00:61Z',
    '2024-002-29',
    '02024-02-29',
    '2024-02-29T12:00:00+1',
  ]) {
    assert.equal(parseDatetime(text), undefined, text);
  }
});
