#!/bin/sh
# Writes the pictures of README and docs: the real program on a virtual display with a software GPU, playing and training, in
# two sizes and both themes. Usage: scripts/screenshots.sh [FOLDER]   (needs Xvfb, xdotool and ImageMagick; minutes on two cores)
set -eu
cd "$(dirname "$0")/.."
out=${1:-docs/screenshots}
etad=${ETAD:-$PWD/target/release/etad}
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

"$etad" sample "$work/demo" --videos 8
# The sample's recipe in small, so that an epoch ends while a person would wait; in the project it is offered first.
sed -e 's/^tscale = .*/tscale = 32/' -e 's/^dscale = .*/dscale = 14/' -e 's/^window_seconds = .*/window_seconds = 8.0/' \
    -e 's/^clip_length = .*/clip_length = 4/' -e 's/^resize_\(height\|width\) = .*/resize_\1 = 26/' \
    -e 's/^crop = .*/crop = 24/' -e 's/^test_crop = .*/test_crop = 24/' configs/sample.toml > "$work/demo/demo.toml"

# shoot NAME WIDTH HEIGHT SCALE THEME
shoot() {
    name=$1 width=$2 height=$3
    export XDG_DATA_HOME="$work/data-$name" XDG_RUNTIME_DIR="$work"
    mkdir -p "$XDG_DATA_HOME/etad"
    printf '{"etad.settings.1":"{\\"theme\\":\\"%s\\",\\"scale\\":%s,\\"recent\\":[]}"}' "$5" "$4" > "$XDG_DATA_HOME/etad/app.ron"
    rm -rf "$work/demo/runs"
    export name width height etad work out
    xvfb-run -a -s "-screen 0 ${width}x${height}x24" sh -eu -c '
        "$etad" open "$work/demo" 2> "$work/$name.log" & window=$!
        trap "kill $window 2> /dev/null || true" EXIT
        sleep 10
        id=$(xdotool search --name "ETAD Workbench" | head -n 1)
        xdotool windowsize "$id" "$width" "$height" windowfocus "$id"
        sleep 2
        xdotool key space; sleep 4
        import -window root "$out/$name-play.png"
        xdotool key space; sleep 1
        xdotool key ctrl+t
        tries=0
        until grep -qs "\"event\":\"eval\"" "$work"/demo/runs/*/events.jsonl || [ "$tries" -gt 600 ]; do
            sleep 1; tries=$((tries + 1))
        done
        sleep 4
        import -window root "$out/$name-train.png"
    '
    end_runs
    sleep 3
}

shoot dark 1280 720 1.0 Dark
shoot light 1280 720 1.0 Light
shoot dark-4k 3840 2160 2.0 Dark
shoot light-4k 3840 2160 2.0 Light
echo "Pictures are in $out; look at each one."
