"""Frames per second of PyAV on the same files: every frame decoded and resized to RGB (`benches/loader.rs` is etad's side).

    python3 benches/pytorch/loader.py [--size 171x128] [--passes 3] FILE...
"""

import argparse
import json
import os
import statistics
import time

import av
from av.video.reformatter import VideoReformatter


def frames(path, width, height):
    """Decodes all of a file with FFmpeg's own choice of threads."""
    count = 0
    scaler = VideoReformatter()  # one for all frames: a new one for each would take most of the time
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            scaler.reformat(frame, width, height, "rgb24", interpolation="BILINEAR").to_ndarray()
            count += 1
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--size", default="171x128")
    parser.add_argument("--passes", type=int, default=3)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    for path in options.files:
        seconds = []
        for _ in range(options.passes):
            since = time.perf_counter()
            count = frames(path, width, height)
            seconds.append(time.perf_counter() - since)
        rate = count / statistics.median(seconds)
        print(json.dumps({"program": f"PyAV {av.__version__}", "file": os.path.basename(path), "frames": count, "frames_per_second": rate}))


if __name__ == "__main__":
    main()
