#!/usr/bin/env python3
"""Loads what `etad weights export` writes with PyTorch itself, and compares names, shapes and every value.

Run it where torch is installed: scripts/check_exports.py target/release/etad
It imports each fixture that PyTorch wrote (tests/fixtures/pth), exports it again, loads the export with torch.load(weights_only=True), and
compares it with torch.load of the original; and it loads exported parameters into PyTorch modules with strict names.
"""

import pathlib
import subprocess
import sys
import tempfile

import torch

ETAD = sys.argv[1] if len(sys.argv) > 1 else "target/release/etad"
FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/pth"


def etad(*arguments):
    subprocess.run([ETAD, *map(str, arguments)], check=True)


def floats(state, prefixes):
    """The tensors that an import keeps, as float32, by the name of the export."""
    kept = {}
    for name, tensor in state.items():
        for old, new in prefixes:
            if name.startswith(old):
                name = new + name[len(old):]
                break
        if tensor.is_floating_point() and not name.startswith("fc"):
            kept[name] = tensor.float()
    return kept


def compare(found, expected, what):
    assert sorted(found) == sorted(expected), f"{what}: {sorted(set(found) ^ set(expected))}"
    for name, tensor in expected.items():
        assert found[name].dtype == torch.float32 and torch.equal(found[name], tensor), f"{what}: {name}"
    print(f"{what}: {len(expected)} tensors equal to the last bit")


def exported(source, names, folder):
    middle, out = folder / "middle.safetensors", folder / "out.pth"
    etad("weights", "import", source, "--out", middle)
    etad("weights", "export", middle, "--out", out, "--names", names)
    loaded = torch.load(out, map_location="cpu", weights_only=True)
    return loaded["state_dict"] if "state_dict" in loaded else loaded


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for form in ["zip", "legacy"]:
            source = FIXTURES / f"opentad_{form}.pth"
            original = torch.load(source, map_location="cpu", weights_only=False)["state_dict"]
            compare(exported(source, "opentad", folder), floats(original, []), source.name)
            source = FIXTURES / f"tsp_{form}.pth"
            original = torch.load(source, map_location="cpu", weights_only=False)["model"]
            compare(exported(source, "encoder", folder), floats(original, [("features.", "")]), source.name)
        # Made by PyTorch, through this program, and back into PyTorch's modules under strict names.
        lstm, conv = torch.nn.LSTM(3, 5), torch.nn.Conv1d(8, 4, 3, groups=2)
        state = {f"module.neck.mem_f.{key}": value for key, value in lstm.state_dict().items()}
        state |= {f"module.rpn_head.tem.0.conv.{key}": value for key, value in conv.state_dict().items()}
        source = folder / "modules.pth"
        torch.save({"state_dict": state, "epoch": 5}, source)
        back = exported(source, "opentad", folder)
        official = exported(source, "official", folder)
        for module, prefix, theirs in [
            (lstm, "module.neck.mem_f.", "base_detector.temporal_enhance.mem_f."),
            (conv, "module.rpn_head.tem.0.conv.", "base_detector.tem.0."),
        ]:
            for weights, prefix in [(back, prefix), (official, theirs)]:
                own = {key[len(prefix):]: value for key, value in weights.items() if key.startswith(prefix)}
                module.load_state_dict(own, strict=True)
        print("modules: strict loading under OpenTAD's and the official names")


if __name__ == "__main__":
    main()
