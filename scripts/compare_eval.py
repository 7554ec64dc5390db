#!/usr/bin/env python3
"""Times `etad eval` against a Python evaluator of the same rules, and checks that both give the same numbers.

    python3 scripts/compare_eval.py [--etad target/release/etad] [--predictions 100000] [--runs 3]

The Python side follows spec 10.1 as OpenTAD's evaluator does (per class: sort, match by descending overlap, interpolated average
precision), in numpy, without tables of pandas, which would only slow it. Needs numpy.
"""

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

TIOUS = np.array([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])


def make_case(predictions, seed=7):
    """20 classes, 200 videos with 20 truths each; predictions are jittered truths and chance."""
    draw = random.Random(seed)
    database, results = {}, {}
    each = predictions // 200
    for index in range(200):
        video = f"video_{index:03}"
        truths = []
        for k in range(20):
            start = draw.uniform(0, 190)
            truths.append({"segment": [start, start + draw.uniform(0.5, 10)], "label": f"class {(index + k % 3) % 20}"})
        found = []
        for k in range(each):
            if k % 2:
                truth = draw.choice(truths)
                length = truth["segment"][1] - truth["segment"][0]
                segment = [edge + draw.gauss(0, 0.1) * length for edge in truth["segment"]]
                label = truth["label"]
            else:
                start = draw.uniform(0, 190)
                segment, label = [start, start + draw.uniform(0.5, 10)], f"class {(index + k % 3) % 20}"
            found.append({"segment": segment, "label": label, "score": draw.random()})
        database[video] = {"subset": "validation", "duration": 200.0, "annotations": truths}
        results[video] = found
    return {"database": database}, {"results": results}


def read_truth(path):
    """Truths by class and video, in file order; those without length and near duplicates are left out."""
    classes = {}
    for video, entry in json.loads(Path(path).read_text())["database"].items():
        if entry["subset"] != "validation":
            continue
        kept = []
        for one in entry["annotations"]:
            (start, end), label = map(float, one["segment"]), one["label"]
            same = any(l == label and abs(s - start) <= 1e-3 and abs(e - end) <= 1e-3 for s, e, l in kept)
            if end > start and not same:
                kept.append((start, end, label))
                classes.setdefault(label, defaultdict(list))[video].append((start, end))
    return classes


def read_predictions(path):
    """Predictions by class: videos, segments, scores."""
    classes = defaultdict(lambda: ([], [], []))
    for video, found in json.loads(Path(path).read_text())["results"].items():
        for one in found:
            videos, segments, scores = classes[one["label"]]
            videos.append(video)
            segments.append(one["segment"])
            scores.append(one["score"])
    return classes


def overlaps(segment, truths):
    inter = np.maximum(0.0, np.minimum(segment[1], truths[:, 1]) - np.maximum(segment[0], truths[:, 0]))
    union = (truths[:, 1] - truths[:, 0]) + (segment[1] - segment[0]) - inter
    return inter / np.maximum(union, 1e-8)


def interpolated(precision, recall):
    precision = np.hstack([[0.0], precision, [0.0]])
    recall = np.hstack([[0.0], recall, [1.0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.where(recall[1:] != recall[:-1])[0] + 1
    return np.sum((recall[at] - recall[at - 1]) * precision[at])


def average_precision(truths, predictions):
    """Average precision of one class by threshold."""
    videos, segments, scores = predictions
    if not videos:
        return np.zeros(len(TIOUS))
    count = sum(len(own) for own in truths.values())
    places = {video: np.array(own) for video, own in truths.items()}
    taken = {video: np.zeros((len(TIOUS), len(own)), dtype=bool) for video, own in truths.items()}
    order = np.argsort(np.array(scores), kind="stable")[::-1]
    hits = np.zeros((len(TIOUS), len(order)))
    for rank, index in enumerate(order):
        video = videos[index]
        if video not in places:
            continue
        tious = overlaps(segments[index], places[video])
        nearest = np.argsort(tious, kind="stable")[::-1]
        for threshold, tiou in enumerate(TIOUS):
            for truth in nearest:
                if tious[truth] < tiou:
                    break
                if not taken[video][threshold, truth]:
                    taken[video][threshold, truth] = True
                    hits[threshold, rank] = 1
                    break
    found = np.cumsum(hits, axis=1)
    recall, precision = found / count, found / np.arange(1, len(order) + 1)
    return np.array([interpolated(precision[row], recall[row]) for row in range(len(TIOUS))])


def evaluate(truth, predictions):
    truths, predictions = read_truth(truth), read_predictions(predictions)
    empty = ([], [], [])
    rows = [average_precision(own, predictions.get(label, empty)) for label, own in truths.items()]
    return np.mean(rows, axis=0)


def timed(run, runs):
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2], result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--etad", default="target/release/etad")
    parser.add_argument("--predictions", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        truth, found = Path(folder) / "truth.json", Path(folder) / "predictions.json"
        for path, content in zip((truth, found), make_case(args.predictions)):
            path.write_text(json.dumps(content))
        command = [args.etad, "eval", "--ground-truth", truth, "--predictions", found, "--subset", "validation", "--json"]
        ours, output = timed(lambda: subprocess.run(command, check=True, capture_output=True).stdout, args.runs)
        theirs, expected = timed(lambda: evaluate(truth, found), args.runs)
        ours_map = json.loads(output)["map"]
        worst = max(abs(ours_map[f"{tiou:.2f}"] - value) for tiou, value in zip(TIOUS, expected))
        assert worst < 1e-9, f"the two differ by {worst}"
        print(f"{args.predictions} predictions, {len(TIOUS)} thresholds, files read, median of {args.runs}:")
        print(f"  etad eval  {ours:8.3f} s")
        print(f"  Python     {theirs:8.3f} s   {theirs / ours:.1f} times as long; mAP differs by {worst:.1e} at most")


if __name__ == "__main__":
    main()
