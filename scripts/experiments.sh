#!/usr/bin/env bash
# The sample's training, its controls and UP-Fall, with the recipes that docs/benchmarks.md reports. Takes hours on two cores.
#   scripts/experiments.sh FOLDER [train options, e.g. --device wgpu]
# Writes FOLDER/sample (the videos) and one run folder an experiment; prints the mAP of each.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:?folder to write, e.g. /tmp/experiments}"
shift
cargo build --release --locked
etad="${CARGO_TARGET_DIR:-target}/release/etad"
sample="$folder/sample"
recipe=configs/sample.toml

[ -e "$sample/project.toml" ] || "$etad" sample "$sample"

# name, then options of the training
train() {
  local name="$1"
  shift
  [ -e "$folder/$name/checkpoints/best.safetensors" ] || "$etad" train "$recipe" --root "$sample" --run "$folder/$name" "$@"
}

# title, run, then options of the test
report() {
  local title="$1" run="$2"
  shift 2
  printf '\n== %s\n' "$title"
  "$etad" test "$recipe" --root "$sample" --checkpoint "$folder/$run/checkpoints/best.safetensors" "$@"
}

train end_to_end "$@"
# Half as many epochs tell what the controls cannot learn; they are compared with the whole run after as many.
train one_frame_repeated --set data.repeat_centre_frame=true --set solver.epochs=20 "$@"
train frozen_encoder --set encoder.frozen=true --set solver.epochs=20 "$@"

report "end to end" end_to_end
report "encoder frozen at its random start" frozen_encoder --set encoder.frozen=true
report "trained and tested with one frame repeated per clip" one_frame_repeated --set data.repeat_centre_frame=true
report "end to end, each clip's frames reversed at test time" end_to_end --set data.reverse_clips=true --out "$folder/reversed.json"

printf '\n== the same detections against a truth in which the opposite classes have changed places\n'
sed -e 's/"sit down"/"@"/; s/"stand up"/"sit down"/; s/"@"/"stand up"/' \
  -e 's/"wave in"/"@"/; s/"wave out"/"wave in"/; s/"@"/"wave out"/' "$sample/annotations.json" > "$folder/swapped.json"
"$etad" eval --ground-truth "$folder/swapped.json" --predictions "$folder/reversed.json" --subset validation --tiou 0.3:0.1:0.7

# Real footage, where this machine has it: 16 videos cut together from UP-Fall, every fourth held out.
real="${UPFALL:-../shared/data/video/composed}"
if [ -d "$real" ]; then
  mkdir -p "$folder/upfall"
  python3 - "$real/composed_upfall_gt.json" "$folder/upfall/annotations.json" <<'PYTHON'
import json, sys
truth = json.load(open(sys.argv[1]))
for name, video in truth["database"].items():
    video["subset"] = "validation" if int(name[-2:]) % 4 == 0 else "training"
json.dump(truth, open(sys.argv[2], "w"))
PYTHON
  sample="$folder/upfall"
  at=(--set "data.folder=$(cd "$real" && pwd)" --set solver.epochs=20)
  train upfall_run "${at[@]}" "$@"
  report "UP-Fall, four videos held out" upfall_run "${at[@]}"
else
  printf '\nskipped: UP-Fall is not in %s\n' "$real"
fi
