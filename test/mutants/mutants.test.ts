import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { MUTANTS } from './list.ts';
import { planted, problemOf } from './mutant.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

test('every planted bug still has its place, exactly one, and its tests', () => {
  const problems = MUTANTS.flatMap((mutant) => problemOf(mutant, read(mutant.file)) ?? []);
  assert.deepEqual(problems, []);
  const missing = MUTANTS.flatMap(({ tests }) => tests).filter(
    (file) => !existsSync(path.join(root, file)),
  );
  assert.deepEqual(missing, []);
});

test('a planted bug is a program, so that what catches it is a test and not the parser', () => {
  for (const mutant of MUTANTS) {
    assert.doesNotThrow(
      () => stripTypeScriptTypes(planted(mutant, read(mutant.file))),
      mutant.name,
    );
  }
});

test('there are at least forty, each with a name of its own and with tests', () => {
  assert.ok(MUTANTS.length >= 40, `${MUTANTS.length}`);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  assert.deepEqual(
    MUTANTS.filter(({ tests }) => tests.length === 0),
    [],
  );
});

test('text that is not there, or twice, is a problem, and so is a bug that changes nothing', () => {
  const mutant = { name: 'x', room: 'x', file: 'x.ts', from: 'a', to: 'b', tests: ['x.test.ts'] };
  assert.equal(problemOf(mutant, 'a'), undefined);
  assert.match(problemOf(mutant, 'b') ?? '', /0 times/);
  assert.match(problemOf(mutant, 'aa') ?? '', /2 times/);
  assert.match(problemOf({ ...mutant, to: 'a' }, 'a') ?? '', /changes nothing/);
  assert.equal(planted({ ...mutant, to: '$&' }, 'a'), '$&');
});
