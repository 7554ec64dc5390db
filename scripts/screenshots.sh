#!/bin/sh
# Writes the pictures of README and docs: the real program on a virtual display with a software GPU, playing, training and detecting,
# in two sizes and both themes. Usage: scripts/screenshots.sh [FOLDER]
# Needs Xvfb, xdotool and ImageMagick (scripts/setup.sh screenshots installs them); ETAD names another executable than the release build.
# The first window starts a small training, the others find it again: a quarter of an hour on two cores with EPOCHS evaluations.
# PROJECT names a project with a run of its own to show instead, as the pictures in docs/ do.
set -eu
cd "$(dirname "$0")/.."
out=${1:-docs/screenshots}
etad=${ETAD:-$PWD/target/release/etad}
epochs=${EPOCHS:-24}
work=$(mktemp -d)
# A training outlives its window by design: ended here by the process id in its lock.
end_runs() {
    for lock in "$work"/demo/runs/*/lock; do
        [ -f "$lock" ] || continue
        pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$lock")
        [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
    done
}
trap 'end_runs; rm -rf "$work"' EXIT
mkdir -p "$out"

if [ -n "${PROJECT:-}" ]; then
    cp -R "$PROJECT" "$work/demo"
    rm -f "$work"/demo/runs/*/lock # of another machine or time: nothing to end
    epochs=1
else
    "$etad" sample "$work/demo" --videos 8
    # The sample's recipe in small, so that an epoch ends while a person would wait; in the project it is offered first.
    sed -e 's/^tscale = .*/tscale = 32/' -e 's/^dscale = .*/dscale = 14/' -e 's/^window_seconds = .*/window_seconds = 8.0/' \
        -e 's/^clip_length = .*/clip_length = 4/' -e 's/^resize_\(height\|width\) = .*/resize_\1 = 26/' \
        -e 's/^crop = .*/crop = 24/' -e 's/^test_crop = .*/test_crop = 24/' -e 's/^epochs = .*/epochs = 400/' \
        -e 's/^eval_interval = .*/eval_interval = 1/' configs/sample.toml > "$work/demo/demo.toml"
fi
# How many videos come before the first one that is evaluated.
before=$(tr '{' '\n' < "$work/demo/annotations.json" | grep -o '"subset": *"[a-z]*"' | grep -n validation | head -n 1 | cut -d: -f1)
before=$((before - 1))

# shoot NAME WIDTH HEIGHT SCALE THEME FORM
shoot() {
    name=$1 width=$2 height=$3 form=$6
    export XDG_DATA_HOME="$work/data-$name" XDG_RUNTIME_DIR="$work" ETAD_FRAME_TIMES="$work/$name.csv"
    mkdir -p "$XDG_DATA_HOME/etad"
    printf '{"etad.settings.1":"{\\"theme\\":\\"%s\\",\\"scale\\":%s,\\"recent\\":[]}"}' "$5" "$4" > "$XDG_DATA_HOME/etad/app.ron"
    export name width height form etad work out before epochs
    xvfb-run -a -s "-screen 0 ${width}x${height}x24" sh -eu -c '
        # until_true SECONDS COMMAND…
        until_true() {
            tries=$1; shift
            until "$@"; do
                [ "$tries" -gt 0 ] || { echo "screenshots: gave up on: $*" >&2; exit 1; }
                sleep 1; tries=$((tries - 1))
            done
        }
        shown() { awk -F, "NR > 1 && \$3 > 0 { found = 1 } END { exit !found }" "$ETAD_FRAME_TIMES" 2> /dev/null; }
        evaluated() { [ "$(cat "$work"/demo/runs/*/events.jsonl 2> /dev/null | grep -c "\"event\":\"eval\"")" -ge "$epochs" ]; }
        take() { import -window root -quality 85 "$out/$name-$1.$form"; }
        "$etad" open "$work/demo" 2> "$work/$name.log" & window=$!
        trap "kill $window 2> /dev/null || true" EXIT
        until_true 120 shown
        id=$(xdotool search --onlyvisible --name "ETAD Workbench" | head -n 1)
        xdotool windowmove "$id" 0 0 windowsize "$id" "$width" "$height" windowfocus "$id"
        xdotool mousemove $((width / 2)) 4 # over nothing that has a tooltip
        sleep 8
        xdotool key Shift_L; sleep 1 # the first key after a window opens can get lost
        for _ in $(seq "$before"); do xdotool key Next; sleep 3; done # a 4K frame takes a software GPU seconds
        xdotool key ctrl+4; sleep 2
        xdotool key space; sleep 6
        take play
        xdotool key k
        # The first window presses Train; the others find its run.
        training() { ls "$work"/demo/runs/*/events.jsonl > /dev/null 2>&1 || { xdotool key ctrl+t; false; }; }
        until_true 60 training
        until_true 1800 evaluated
        sleep 5
        take train
        xdotool key ctrl+5; sleep 3
        take detections
    '
    unset ETAD_FRAME_TIMES
    sleep 1
}

shoot dark 1280 720 1.0 Dark png
shoot light 1280 720 1.0 Light png
shoot dark-4k 3840 2160 2.0 Dark jpg
shoot light-4k 3840 2160 2.0 Light jpg
echo "Pictures are in $out; look at each one."
