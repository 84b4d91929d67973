// The table of scripts/evidence/search from the searches' JSON. Exit 1 when a promise of the issue is missed.
import { existsSync, readFileSync } from "node:fs";

const [folder, repeats] = [process.argv[2], Number(process.argv[3])];
const rates = [], seconds = [];
console.log("SLO p99=86ms on the bundled stack, one product node.\n");
console.log("| search | flows/s | 95 % interval | step | probes (not valid) | seconds of load | seconds in all | exit |");
console.log("|---|---|---|---|---|---|---|---|");
for (let seed = 1; seed <= repeats; seed++) {
  const file = `${folder}/search-${seed}`;
  if (!existsSync(`${file}.code`)) continue;
  const [code, took] = readFileSync(`${file}.code`, "utf8").trim().split(" ");
  let result;
  try {
    result = JSON.parse(readFileSync(`${file}.json`, "utf8"));
  } catch {
    const said = readFileSync(`${file}.err`, "utf8").trim().split("\n").find((line) => line.startsWith("tidemark:")) ?? "";
    console.log(`| ${seed} | | | | | ${said} | ${took} | ${code} |`);
    continue;
  }
  const invalid = result.probes.filter((probe) => probe.validity !== "valid").length;
  const interval = result.low === undefined ? "" : `${result.low.toFixed(1)} to ${result.high.toFixed(1)}`;
  if (result.result === "found") rates.push(result.rate);
  seconds.push(Number(took));
  console.log(`| ${seed} | ${result.rate?.toFixed(1) ?? result.result} | ${interval} | ${result.step} | ${result.probes.length} (${invalid}) | ${result.load_s.toFixed(0)} | ${took} | ${code} |`);
}
const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
const furthest = Math.max(...rates.map((rate) => Math.abs(rate / mean - 1)));
const breaches = [];
for (let seed = 1; seed <= repeats; seed++) {
  const file = `${folder}/search-${seed}.json`;
  if (!existsSync(file)) continue;
  try {
    for (const probe of JSON.parse(readFileSync(file, "utf8")).probes) if (probe.breach) breaches.push(probe.lasted_s);
  } catch { /* counted above */ }
}
console.log();
console.log(`- found: ${rates.length} of ${repeats}; mean ${mean.toFixed(1)} flows/s, the furthest ${(furthest * 100).toFixed(1)} % from it (promised: 5 %)`);
console.log(`- longest: ${Math.max(...seconds)} s (promised: under 600 s)`);
console.log(`- ${breaches.length} probes were ended by a breach, after ${breaches.map((s) => s.toFixed(0)).join(", ")} s of load`);
process.exit(rates.length === repeats && furthest <= 0.05 && Math.max(...seconds) < 600 ? 0 : 1);
