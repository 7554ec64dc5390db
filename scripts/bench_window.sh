#!/usr/bin/env bash
# Measures the window: start to first picture, CPU when idle, the window thread's CPU a frame while a 1080p video plays, alone and beside a
# niced training, and memory. The real program on a virtual display; prints rows for docs/benchmarks.md.
# Usage: scripts/bench_window.sh     (needs Xvfb, xdotool, the ffmpeg program; about three minutes)
# ETAD names another executable, BENCH_SECONDS how long each row is measured, BENCH_PROJECT a project to train on instead of a drawn one.
set -euo pipefail
cd "$(dirname "$0")/.."
etad="${ETAD:-$PWD/target/release/etad}"
seconds="${BENCH_SECONDS:-30}"
work="$(mktemp -d)"
export XDG_DATA_HOME="$work/data" XDG_RUNTIME_DIR="$work" ETAD_FRAME_TIMES="$work/frames.csv" etad seconds work
window=() training=()
cleanup() {
  kill "${window[@]}" "${training[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

# Moving bars, a clock and grain: neither trivial nor impossible to decode.
ffmpeg -v error -f lavfi -i testsrc2=size=1920x1080:rate=30 -vf noise=alls=6:allf=t -t 8 \
  -c:v libx264 -preset veryfast -crf 23 -g 60 -pix_fmt yuv420p "$work/part.mp4"
ffmpeg -v error -stream_loop $((seconds / 3 + 4)) -i "$work/part.mp4" -c copy "$work/clip_1080p.mp4"
project="${BENCH_PROJECT:-$work/demo}"
[ -n "${BENCH_PROJECT:-}" ] || "$etad" sample "$project" --videos 4 2>/dev/null

display=:$((90 + RANDOM % 100))
Xvfb "$display" -screen 0 1920x1080x24 2>/dev/null &
window+=($!)
export DISPLAY="$display"
sleep 2

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
row() { printf '| %s | %s |\n' "$1" "$2"; }
# percent PID: CPU of all its threads over the time, one core is 100.
percent() {
  local before after
  before=$(ticks "$1"); sleep "$seconds"; after=$(ticks "$1")
  awk -v t=$((after - before)) -v s="$seconds" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f %%", 100 * t / hz / s }'
}
# frames FROM: what the lines after the first FROM say.
frames() {
  tail -n +$(($1 + 1)) "$ETAD_FRAME_TIMES" | awk -F, '{ print $2 }' | sort -n | awk -v s="$seconds" '
    { all[NR] = $1; sum += $1 }
    END { printf "%.2f ms mean, %.2f ms median, %.2f ms 95th percentile, %.1f frames a second", sum / NR, all[int((NR + 1) / 2)], all[int(NR * 0.95)], NR / s }'
}
lines() { wc -l < "$ETAD_FRAME_TIMES"; }
play() {
  local from cpu
  from=$(lines)
  cpu=$(percent "$app")
  row "$1: window thread's CPU a frame" "$(frames "$from")"
  row "$1: CPU of the process, decoding and software GPU included" "$cpu"
}

begin=$(date +%s.%N)
"$etad" open "$work/clip_1080p.mp4" 2>"$work/log" &
app=$!
window+=("$app")
until first=$(awk -F, 'NR > 1 && $3 > 0 { print $1; exit }' "$ETAD_FRAME_TIMES" 2>/dev/null) && [ -n "$first" ]; do sleep 0.1; done
row "start to the first picture of a 1080p video" "$(awk -v a="$begin" -v b="$first" 'BEGIN { printf "%.2f s", b - a }')"
id=$(xdotool search --onlyvisible --name "ETAD Workbench" | head -n 1)
xdotool windowmove "$id" 0 0 windowsize "$id" 1920 1080 windowfocus "$id"
# The exact index decodes the whole file once; idle begins after it.
before=-1
until now=$(ticks "$app") && [ "$now" = "$before" ]; do before=$now; sleep 3; done
row "idle and paused: CPU of the process" "$(percent "$app")"
row "memory when idle" "$(awk '/VmRSS/ { printf "%.0f MB", $2 / 1000 }' "/proc/$app/status")"
xdotool key space
sleep 2
play "playing 1080p, 30 frames a second"
row "memory while playing" "$(awk '/VmRSS/ { printf "%.0f MB", $2 / 1000 }' "/proc/$app/status")"
xdotool key k
nice -n 19 "$etad" train configs/sample.toml --root "$project" --run "$work/run" --device cpu >/dev/null 2>&1 &
training+=($!)
until grep -qs '"event":"step"' "$work/run/events.jsonl"; do sleep 1; done
xdotool key space
sleep 2
play "the same beside a niced training"
row "machine" "$(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg), $("$etad" devices 2>/dev/null | awk '/wgpu:0/ { $1 = ""; print substr($0, 2) }')"
