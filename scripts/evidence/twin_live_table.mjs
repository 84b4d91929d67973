// A Markdown table of `tidemark twin --like` results: node twin_live_table.mjs DIR NAME...
import { readFileSync } from 'node:fs';

const [dir, ...names] = process.argv.slice(2);
const percent = (x) => `${x >= 0 ? '+' : ''}${(100 * x).toFixed(1)} %`;
const ms = (us) => (us / 1000).toFixed(1);
const cell = (c, show) => `${show(c.live)} / ${show(c.twin)} (${percent(c.difference)}${c.verdict === 'off' ? ' **off**' : c.verdict === 'not judged' ? ', not judged' : ''})`;
const rate = (x) => x.toFixed(1);

console.log('\n| run | step | rate /s, live / twin (limit 3 %) | goodput /s (3 %) | not served /s (3 % of the rate) | p50 ms (10 %) | p99 ms (15 %) | live p99, 95 % |');
console.log('|---|---|---|---|---|---|---|---|');
let notes = [];
let verdicts = [];
for (const name of names) {
  const result = JSON.parse(readFileSync(`${dir}/${name}.json`));
  for (const s of result.steps) {
    console.log(`| ${name} | ${s.step} | ${cell(s.rate, rate)} | ${cell(s.goodput, rate)} | ${cell(s.refused, rate)} | ${cell(s.p50_us, ms)} | ${cell(s.p99_us, ms)} | ${ms(s.p99_us.live_low)} to ${ms(s.p99_us.live_high)} |`);
  }
  notes = notes.concat(result.notes.map((n) => `${name}: ${n}`));
  verdicts.push(`${name} ${result.verdict}${result.past_knee ? ' (past the knee: quantiles are shown, not judged)' : ''}`);
}
console.log(`\n${verdicts.join(' · ')}`);
for (const note of notes) console.log(`\n- ${note}`);
