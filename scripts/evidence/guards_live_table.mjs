// The page of scripts/evidence/guards-live from its runs. Exit 1 when a promise of the issue is missed.
import { existsSync, readFileSync } from "node:fs";

const folder = process.argv[2];
let held = true;
const ms = (us) => (us / 1000).toFixed(us < 100000 ? 1 : 0);
const mib = (bytes) => (bytes / 1048576).toFixed(1);
const lines = (file) => readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const there = (name) => existsSync(`${folder}/${name}.json`);

function load(name) {
  const summary = JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));
  const marks = lines(`${folder}/run-${name}/watermarks.ndjson`).filter((mark) => !mark.missed);
  const series = lines(`${folder}/run-${name}/series.ndjson`);
  return { summary, series, of: (node) => marks.filter((mark) => mark.node === node) };
}
const verdict = (ok) => { held &&= ok; return ok ? "held" : "MISSED"; };
const trust = (summary) => summary.validity === "valid" ? "valid" : `${summary.validity}: ${summary.validity_reasons.join("; ")}`;

function shaving() {
  console.log("## One burst of orders, three ways\n");
  console.log("20 orders/s, then 300/s for 4 s (seconds 5 to 9), then 20/s; the order service carries about 100/s. The same arrivals each time; the mode is changed by `tidemark guard set gateway buffer.mode=...` while the stack runs.\n");
  console.log("| mode | sent | accepted | refused or failed | p50 of accepted, ms | p99, ms | most, ms | accepted a second in the burst | carried out | mean time until carried out, s | backlog gone, s after the burst began | accepted and lost | measurement |");
  console.log("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
  const seen = {};
  for (const mode of ["direct", "buffer", "queue"]) {
    const { summary, series, of } = load(mode);
    const book = summary.by_step.buy?.requests ?? summary.requests;
    const times = summary.by_group.accepted;
    const burst = series.filter((second) => second.step === "" && second.t_s >= 5 && second.t_s < 9);
    const rate = burst.reduce((sum, second) => sum + second.requests.ok, 0) / burst.length;
    const charges = of("payment-1").map((mark) => [mark.t_s, mark.extra.bank_stub_charges ?? 0]);
    const first = charges[0][1], last = charges.at(-1)[1];
    // Orders that were sent and neither refused nor carried out yet; their mean time follows from Little's law.
    const totals = series.filter((second) => second.step === "");
    const backlog = charges.map(([t_s, count]) => {
      const until = totals.filter((second) => second.t_s + 1 <= t_s);
      const taken = until.reduce((sum, second) => sum + second.requests.started - second.requests.failed - second.requests.timed_out, 0);
      return [t_s, Math.max(0, taken - (count - first))];
    });
    const gone = backlog.find(([t_s, waiting]) => t_s >= 9 && waiting <= 10)?.[0] ?? NaN;
    const mean = backlog.reduce((sum, [, waiting]) => sum + waiting, 0) / (last - first);
    const lost = Math.max(0, book.ok - (last - first));
    seen[mode] = { mean, p50: times.p50, p99: times.p99, rate, ok: book.ok, refused: book.failed + book.timed_out, lost };
    console.log(`| ${mode} | ${book.started} | ${book.ok} | ${book.failed + book.timed_out} | ${ms(times.p50)} | ${ms(times.p99)} | ${ms(times.max)} | ${rate.toFixed(0)} | ${last - first} | ${mean.toFixed(1)} | ${(gone - 5).toFixed(0)} | ${lost} | ${trust(summary)} |`);
  }
  console.log();
  console.log(`- direct answers those it accepts sooner than the buffer at p99 and refuses more: ${verdict(seen.direct.p99 < seen.buffer.p99 && seen.direct.refused > seen.buffer.refused)}`);
  console.log(`- the queue accepts the most a second, and says so (202) before it is done: ${verdict(seen.queue.rate > seen.direct.rate && seen.queue.rate > seen.buffer.rate && seen.queue.refused === 0)}`);
  console.log(`- what the queue accepts is carried out later than what goes straight through: ${verdict(seen.queue.mean > seen.direct.mean)}`);
  console.log(`- nothing that was accepted is lost in any mode: ${verdict(Object.values(seen).every((mode) => mode.lost === 0))}\n`);
}

function pool() {
  console.log("## Ten times the capacity: a bounded pool and one without bound\n");
  console.log("product computes 20 ms a request, so it carries 50/s; 25/s for 5 s, 500/s for 15 s, 25/s for 5 s. Bounded: 4 workers, 64 may wait, the others are refused. Unbounded: every request gets a thread of its own, as it were, and they share the core.\n");
  console.log("| pool | served | p99 of served, ms | refused or failed | in the node at most, as far as it said | seconds in which it did not answer | memory before, MiB | most under overload, MiB | growth, MiB | measurement |");
  console.log("|---|---|---|---|---|---|---|---|---|---|");
  const growth = {};
  for (const policy of ["reject", "unbounded"]) {
    const { summary, of } = load(policy);
    const memory = readFileSync(`${folder}/memory-${policy}.txt`, "utf8").trim().split("\n").map((line) => Number(line.split(" ")[1]) * 1024);
    const before = Math.max(...memory.slice(0, 8)), most = Math.max(...memory);  // 4 s of 25/s, then all of it
    const marks = of("product-1");
    const inside = Math.max(...marks.map((mark) => mark.in_use_max + mark.queued_max));
    const silent = Math.max(0, Math.round(summary.duration_s) - marks.length);
    growth[policy] = most - before;
    const served = summary.by_group.served;
    console.log(`| ${policy} | ${summary.requests.ok} | ${ms(served.p99)} | ${summary.requests.failed + summary.requests.timed_out} | ${inside} | ${silent} | ${mib(before)} | ${mib(most)} | ${mib(growth[policy])} | ${trust(summary)} |`);
  }
  console.log();
  console.log(`- bounded: growth below 5 MiB; unbounded: at least five times as much: ${verdict(growth.reject < 5 * 1048576 && growth.unbounded > 5 * Math.max(growth.reject, 1048576))}\n`);
}

function spike() {
  const { summary, series, of } = load("spike");
  const buy = summary.by_step.buy, browse = summary.by_step.browse;
  const bought = summary.by_group.bought, browsed = summary.by_group.browsed;
  const worst = Math.max(...series.filter((second) => second.step === "buy").map((second) => second.response_us.p99));
  console.log("## 30 % of the capacity, thirty times that at the edge\n");
  console.log("The bundled shop carries about 235 flows/s of the sale's mix (85 browse, 15 buy), limited by product; 70/s for 10 s, up to 2,100/s within 1 s, for 10 s, back to 70/s. Guards: tide at product and store, half of the gateway's places for orders, breakers, time-outs of 500 ms, retries under a budget.\n");
  console.log("| step | sent | carried out | refused or failed | p50 of these, ms | p99, ms | p99.9, ms | most, ms |");
  console.log("|---|---|---|---|---|---|---|---|");
  for (const [name, step, times] of [["buy (core)", buy, bought], ["browse", browse, browsed]]) {
    const book = step.requests;
    console.log(`| ${name} | ${book.started} | ${book.ok} | ${book.failed + book.timed_out} | ${ms(times.p50)} | ${ms(times.p99)} | ${ms(times.p999)} | ${ms(times.max)} |`);
  }
  console.log();
  const share = buy.requests.ok / buy.requests.started;
  console.log(`- p99 of admitted core requests ${ms(bought.p99)} ms <= 86 ms: ${verdict(bought.p99 <= 86000)} (of the worst second, whatever the answers: ${ms(worst)} ms)`);
  console.log(`- core requests carried out: ${(100 * share).toFixed(2)} %; browses: ${(100 * browse.requests.ok / browse.requests.started).toFixed(1)} %`);
  const cpu = Object.entries(summary.nodes).map(([node, at]) => [node, at.cpu_share_max]).sort((a, b) => b[1] - a[1])[0];
  console.log(`- the most CPU of a node in one second: ${cpu[0]}, ${(100 * cpu[1]).toFixed(0)} % of the core that all share`);
  const gateway = of("gateway-1").at(-1), product = of("product-1").at(-1);
  console.log(`- refused at product by its limiter: ${product.extra.refused_by_limiter ?? 0}; at the gateway by its bulkhead: ${gateway.extra.refused_by_bulkhead ?? 0}; breaker of product: ${gateway.extra.breaker_product_trips ?? 0} trips`);
  console.log(`- measurement: ${trust(summary)}\n`);
}

if (there("direct")) shaving();
if (there("reject")) pool();
if (there("spike")) spike();
process.exit(held ? 0 : 1);
