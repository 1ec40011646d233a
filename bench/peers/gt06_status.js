// gt06's decoder on one status packet, timed as ours are.
const path = require("path");
const Gt06 = require(path.join(process.cwd(), "node_modules", "gt06"));

const ROUNDS = 15;
const CALLS = 20000;
const frame = Buffer.from(process.argv[2], "hex");
const peer = new Gt06();

function decode() {
  peer.parse(frame);
  peer.clearMsgBuffer();
  return peer;
}

const read = decode();
const values = {
  gps_tracking: read.terminalInfo.gpsTracking,
  voltage_level: read.voltageLevel,
  gsm_signal: read.gsmSigStrength,
};
let best = Infinity;
for (let round = 0; round < ROUNDS; round++) {
  const started = process.hrtime.bigint();
  for (let call = 0; call < CALLS; call++) decode();
  best = Math.min(best, Number(process.hrtime.bigint() - started) / CALLS / 1000);
}
console.log(JSON.stringify({ call_us: best, values }));
