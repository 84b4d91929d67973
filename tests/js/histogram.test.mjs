// The payloads of intervals.hlog, read by somebody else's library: hdr-histogram-js finds the same counts in the same
// buckets, and the same percentiles.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';

test('hdr-histogram-js decodes our payloads to equal counts', () => {
  const lines = execFileSync(process.env.HISTOGRAM_PAYLOADS, { maxBuffer: 1 << 28 }).toString().trimEnd().split('\n');
  assert.equal(lines.length, 20 * 4, 'twenty distributions at one to four digits');
  for (const line of lines) {
    const ours = JSON.parse(line);
    const name = `distribution ${ours.distribution}, ${ours.digits} digits`;
    const theirs = decodeFromCompressedBase64(ours.payload, 64, false);
    assert.equal(theirs.numberOfSignificantValueDigits, ours.digits, name);
    assert.equal(theirs.totalCount, ours.total, name);
    const found = [];
    for (let i = 0; i < theirs.countsArrayLength; ++i) {
      const count = theirs.getCountAtIndex(i);
      if (count > 0) found.push([theirs.lowestEquivalentValue(theirs.valueFromIndex(i)), theirs.highestEquivalentValue(theirs.valueFromIndex(i)), count]);
    }
    assert.deepEqual(found, ours.buckets, name);
    for (const [q, value] of ours.quantiles) assert.equal(theirs.getValueAtPercentile(q * 100), value, `${name}, p${q * 100}`);
  }
});
