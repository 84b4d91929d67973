// The table of scripts/evidence/spine from the rehearsals' JSON. Exit 1 when a promise of the issue is missed.
import { readFileSync } from "node:fs";

const [folder, seeds] = [process.argv[2], Number(process.argv[3])];
const ms = (us) => (us / 1000).toFixed(1);
let heldCount = 0, missedCount = 0, finished = 0;
const errors = [];

console.log("| seed | flows/s | bottleneck | n0 | SLO at n0 | SLO at n0 - 1 | step: p99 predicted / measured ms (error) at n0 | exit | seconds |");
console.log("|---|---|---|---|---|---|---|---|---|");
for (let seed = 1; seed <= seeds; seed++) {
  const [code, seconds] = readFileSync(`${folder}/seed-${seed}.code`, "utf8").trim().split(" ");
  let result;
  try {
    result = JSON.parse(readFileSync(`${folder}/seed-${seed}.json`, "utf8"));
  } catch {
    const said = readFileSync(`${folder}/seed-${seed}.err`, "utf8").trim().split("\n").find((line) => line.startsWith("tidemark:")) ?? "";
    console.log(`| ${seed} | | | | | | ${said} | ${code} | ${seconds} |`);
    continue;
  }
  finished++;
  const state = (verification) => {
    const states = verification.steps.map((step) => step.slo);
    return states.includes("missed") ? "missed" : states.includes("undecided") ? "undecided" : "held";
  };
  const held = state(result.verification), less = state(result.verification_one_less);
  if (held === "held") heldCount++;
  if (less === "missed") missedCount++;
  const cells = result.verification.steps.map((step) => {
    errors.push(Math.abs(step.error));
    return `${step.step}: ${ms(step.predicted_us)} / ${ms(step.measured_us.value)} (${(step.error * 100).toFixed(0)} %)`;
  });
  console.log(`| ${seed} | ${result.rate} | ${result.bottleneck} | ${result.nodes_before_headroom[result.bottleneck]} | ${held} | ${less} | ${cells.join("; ")} | ${code} | ${seconds} |`);
}
const worst = errors.length ? Math.max(...errors) : NaN;
const within = errors.filter((error) => error <= 0.25).length;
console.log();
console.log(`- rehearsals finished: ${finished} of ${seeds}`);
console.log(`- SLO held at n0: ${heldCount} of ${seeds}; missed at n0 - 1: ${missedCount} of ${seeds}`);
console.log(`- p99 predicted within 25 % of measured at n0: ${within} of ${errors.length} steps; worst ${(worst * 100).toFixed(0)} %`);
const promised = Math.ceil(0.9 * seeds);
process.exit(heldCount >= promised && missedCount >= promised && within === errors.length ? 0 : 1);
