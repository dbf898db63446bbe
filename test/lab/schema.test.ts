import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labJsonSchema } from '../../src/lab/schema.ts';

test('docs/lab.schema.json is current (else: bin/vflab schema > docs/lab.schema.json)', () => {
  const committed = readFileSync(join(import.meta.dirname, '../../docs/lab.schema.json'), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(labJsonSchema())));
});
