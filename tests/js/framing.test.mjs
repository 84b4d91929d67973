// Our response framing against Node's HTTP parser (llhttp): the same messages accepted, the same ends found, the same
// bodies. Where the two differ, framing_exceptions.json says by which rule and why; a rule that no message needs any
// more is a failure too.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { HTTPParser } = process.binding('http_parser');
const exceptions = JSON.parse(readFileSync(new URL('framing_exceptions.json', import.meta.url)));

// Byte by byte, so that the end of the first final response is exact.
function parse(bytes, head) {
  const parser = new HTTPParser();
  let status = 0, keepAlive = false, body = [], done = false, upgrade = false;
  const begin = () => {
    parser.initialize(HTTPParser.RESPONSE, {});
    parser[HTTPParser.kOnHeadersComplete] = (major, minor, headers, method, url, code, message, upgraded, keep) => {
      status = code;
      keepAlive = keep;
      upgrade = upgraded;
      return head ? 1 : 0;
    };
    parser[HTTPParser.kOnBody] = (piece) => void body.push(Buffer.from(piece));
    parser[HTTPParser.kOnMessageComplete] = () => {
      if (status >= 200 || status === 101) done = true;
      else body = [];
    };
  };
  begin();
  for (let i = 0; i < bytes.length; ++i) {
    const result = parser.execute(bytes.subarray(i, i + 1));
    if (result instanceof Error) return { verdict: 'malformed', problem: `${result.code}: ${result.reason}`, status };
    if (done) return { verdict: 'complete', status, keepAlive, consumed: i + 1, end: false, body: Buffer.concat(body), upgrade };
  }
  const result = parser.finish();
  if (result instanceof Error) return { verdict: 'malformed', problem: `${result.code}: ${result.reason}`, status };
  if (done) return { verdict: 'complete', status, keepAlive, consumed: bytes.length, end: true, body: Buffer.concat(body), upgrade };
  return { verdict: 'malformed', problem: 'ended early', status };
}

// What differs, in words; '' for nothing.
function difference(ours, theirs, bytes) {
  if (ours.verdict !== theirs.verdict) return `ours ${ours.verdict} (${ours.problem}), node ${theirs.verdict} (${theirs.problem ?? ''})`;
  if (ours.verdict !== 'complete') return '';
  if (ours.status !== theirs.status) return `status ${ours.status}, node ${theirs.status}`;
  if (ours.end !== theirs.end) return `ours ends by close ${ours.end}, node ${theirs.end}`;
  if (!ours.end && ours.consumed !== theirs.consumed) return `consumed ${ours.consumed}, node ${theirs.consumed}`;
  if (!Buffer.from(ours.body, 'base64').equals(theirs.body)) return 'body';
  // Node's parser says so before it is told that this answers a HEAD, and would wait for a body.
  if (!ours.head && ours.keep_alive !== theirs.keepAlive) return `keep-alive ${ours.keep_alive}, node ${theirs.keepAlive}`;
  return '';
}

test('response framing agrees with the HTTP parser of Node', () => {
  assert.ok(exceptions.length <= 10, 'at most ten exceptions');
  const lines = execFileSync(process.env.FRAMING_CASES, { maxBuffer: 1 << 28 }).toString().trimEnd().split('\n');
  assert.equal(lines.length, 10000);
  const used = new Map(exceptions.map((rule) => [rule.name, 0]));
  const unexplained = [];
  let accepted = 0;
  for (const line of lines) {
    const ours = JSON.parse(line);
    const bytes = Buffer.from(ours.bytes, 'base64');
    if (ours.verdict === 'complete') ++accepted;
    const what = difference(ours, parse(bytes, ours.head), bytes);
    if (what === '') continue;
    const rule = exceptions.find((one) => new RegExp(one.difference).test(what) &&
      (one.message === undefined || new RegExp(one.message, 'si').test(bytes.toString('latin1'))));
    if (rule) used.set(rule.name, used.get(rule.name) + 1);
    else unexplained.push(`${what}: ${JSON.stringify(bytes.toString('latin1'))}`);
  }
  console.log(`10000 messages, ${accepted} accepted by us; differences by rule: ${JSON.stringify(Object.fromEntries(used))}`);
  if (process.env.SHOW) for (const one of unexplained) console.log(one);
  assert.deepEqual(unexplained.slice(0, 10), [], `${unexplained.length} differences that no exception explains`);
  for (const [name, count] of used) assert.ok(count > 0, `the exception '${name}' is not needed`);
});
