// The duel's JSON files as Markdown. usage: node duel_table.mjs DIR; exit 1 when a number asked for is missed.
import {readFileSync} from 'node:fs';

const dir = process.argv[2];
const read = name => JSON.parse(readFileSync(`${dir}/${name}.json`, 'utf8'));
const systems = ['chain', 'fan-out', 'several-calls'];
const percent = (share, digits = 1) => share === undefined ? '-' : `${(100 * share).toFixed(digits)} %`;
const points = e => `${(100 * e.mean).toFixed(1)} (${(100 * e.low).toFixed(1)} to ${(100 * e.high).toFixed(1)})`;
const recovery = step => step.recovery_ms < 0 ? 'not within 2 s' : `${step.recovery_ms} ms`;
const judged = [];
const judge = (what, measured, holds) => judged.push({what, measured, holds});

function table(duel, which) {
  const first = duel.contenders[0].name;
  console.log(`| limiter | answers | ${first} has more, points | value | ${first} has more, points | p50 / p99 ms | core p99 ms | core | normal | browse | shadow |`);
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  for (const c of duel.contenders) {
    const at = c.overloads[which];
    const own = c.name === first;
    console.log(`| ${c.name} | ${percent(at.share_of_optimum.mean)} | ${own ? '' : points(at.first_more)} | ` +
      `${percent(at.share_of_optimal_value.mean)} | ${own ? '' : points(at.first_more_value)} | ` +
      `${at.p50_ms.toFixed(0)} / ${at.p99_ms.toFixed(0)} | ${at.core_p99_ms.toFixed(0)} | ${percent(at.passed.core, 2)} | ` +
      `${percent(at.passed.normal)} | ${percent(at.passed.browse)} | ${percent(at.passed.shadow)} |`);
  }
  console.log();
}

function rivals(name, duel, field, what) {
  const at = duel.contenders.slice(1).map(c => ({name: c.name, e: c.overloads[0][field]}));
  const close = at.filter(r => r.e.low <= 0).map(r => `${r.name} ${points(r.e)}`);
  judge(`${name}, 2x: above every rival by ${what}, paired 95 % interval above 0`,
    close.length === 0 ? `the closest is ${at.reduce((a, b) => a.e.mean < b.e.mean ? a : b).name}, ` +
      `${points(at.reduce((a, b) => a.e.mean < b.e.mean ? a : b).e)} points` : `not above: ${close.join('; ')}`, close.length === 0);
}

const duels = Object.fromEntries(systems.map(name => [name, read(name)]));
for (const name of systems) {
  const duel = duels[name];
  const tide = duel.contenders[0];
  const hour = read(`${name}-hour`).contenders[0];
  const [twice, tenfold] = tide.overloads;
  judge(`${name}, 2x: answers at least 90 % of the best possible`, percent(twice.share_of_optimum.mean), twice.share_of_optimum.mean >= 0.9);
  rivals(name, duel, 'first_more', 'answers');
  rivals(name, duel, 'first_more_value', 'value');
  judge(`${name}, 10x: at least 90 %`, percent(tenfold.share_of_optimum.mean), tenfold.share_of_optimum.mean >= 0.9);
  judge(`${name}, 2x: core at least 99.9 % while browse is shed`,
    `core ${percent(twice.passed.core, 3)}, browse ${percent(twice.passed.browse)}`, twice.passed.core >= 0.999 && twice.passed.browse < 0.9);
  judge(`${name}: nobody refused in an hour at 70 %`, `${hour.calm.refused} of ${hour.calm.ended}`, hour.calm.refused === 0);
  judge(`${name}: after 0.7x to 1.4x back to 95 % of the capacity within 200 ms`, recovery(tide.step),
    tide.step.recovery_ms >= 0 && tide.step.recovery_ms <= 200);
  const dagor = duel.contenders.find(c => c.name === 'dagor');
  if (dagor) judge(`${name}, 2x: DAGOR's share (printed)`, percent(dagor.overloads[0].share_of_optimum.mean), true);
}

console.log('Each contender stands before the nodes that are full first and is tuned by the same random search on seeds of its own. Shares are');
console.log('of what an oracle that knows capacity and mix could answer; **value** counts an answer to core 4, normal 2, browse 1, shadow 0.5, so that');
console.log('who is answered counts, too. Differences are paired by seed, in points, with 95 % intervals. The systems: `scenarios/library/duel-*.twin.yaml`.');
console.log('\n## What was asked\n\n| | measured | |\n|---|---|---|');
for (const j of judged) console.log(`| ${j.what} | ${j.measured} | ${j.holds ? 'yes' : '**no**'} |`);
for (const name of systems) {
  const duel = duels[name];
  console.log(`\n## ${name}\n\n${duel.capacity_rps.toFixed(0)} a second, ${duel.seeds} seeds, ${duel.tune} settings tried for each.\n`);
  console.log('At 2x:\n');
  table(duel, 0);
  console.log('At 10x:\n');
  table(duel, 1);
  console.log(`| limiter | refused in ${duel.calm_s} s at 70 % | back to 95 % after 0.7x to 1.4x | settings after tuning |`);
  console.log('|---|---|---|---|');
  for (const c of duel.contenders) {
    console.log(`| ${c.name} | ${c.calm.refused} of ${c.calm.ended} | ${recovery(c.step)} | \`${JSON.stringify(c.limiter)}\` |`);
  }
}
process.exit(judged.every(j => j.holds) ? 0 : 1);
