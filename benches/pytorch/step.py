"""The step that `cargo bench --bench train_step -- CONFIG --dump FILE` did, in PyTorch: same weights, clips, draws and chunks.

    python3 benches/pytorch/step.py FILE [--device cpu|cuda] [--steps 10] [--half]

Checks that loss terms and clipped gradients of the first step are etad's, then prints the same line of JSON with its own times.
"""

import argparse
import json
import resource
import struct
import time
import tomllib

import torch

from losses import objective
from model import Detector, Encoder

KINDS = {"F32": torch.float32, "I64": torch.int64, "U8": torch.uint8}


def read(path):
    """A .safetensors file: tensors by name, and its metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    about = header.pop("__metadata__")
    found = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = KINDS[entry["dtype"]]
        piece = torch.frombuffer(data, dtype=kind, count=(end - begin) // kind.itemsize, offset=begin) if end > begin else torch.empty(0, dtype=kind)
        found[name] = piece.reshape(entry["shape"]).clone()
    return found, about


class Step:
    def __init__(self, tensors, config, device, half):
        self.config, self.device, self.half = config, device, half
        pick = lambda prefix: {k[len(prefix):]: v for k, v in tensors.items() if k.startswith(prefix)}
        self.given = {k: v.to(device) for k, v in tensors.items() if k.startswith("noise.")}
        count = config["solver"]["batch_size"]
        self.truths = [tensors[f"truth.{item}"].to(device) for item in range(count)]
        self.classes = [tensors[f"classes.{item}"] for item in range(count)]
        self.frames = [tensors[f"frames.{item}"] for item in range(count)]
        self.proposals = tensors["proposals"].to(device)
        chunks = pick("snippets.")
        self.chunks = [chunks[str(index)].tolist() for index in range(len(chunks))]
        weights, prefix = pick("weight."), "backbone.model.backbone."
        classes = weights.get("roi_head.class_head.head.bias", torch.empty(0)).numel()
        self.encoder = Encoder(config["encoder"])
        self.encoder.load_state_dict({k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)})
        self.detector = Detector(config["model"], classes)
        self.detector.load_state_dict({k: v for k, v in weights.items() if not k.startswith("backbone.")})
        self.encoder.to(device), self.detector.to(device)
        self.trained = [p for part in (self.encoder, self.detector) for p in part.parameters() if p.requires_grad]
        decay = config["optimizer"]["weight_decay"]
        kind = torch.optim.AdamW if config["optimizer"]["kind"] == "adamw" else torch.optim.Adam
        self.optimizer = kind(self.trained, lr=1e-4, weight_decay=decay)

    def noise(self, stage, site):
        """etad's own draw; steps after the first may ask for one that etad had no use for."""
        given = self.given.get(f"noise.{stage}.{site}")
        return torch.rand(self.proposals.shape[:2].numel(), device=self.device) if given is None else given

    def clips(self, chunk):
        length = self.config["data"]["clip_length"]
        rows = [self.frames[item][snippet * length : (snippet + 1) * length] for item, snippet in chunk]
        return torch.stack(rows).transpose(1, 2).contiguous().to(self.device)

    def encode(self, chunk):
        with torch.autocast(self.device.split(":")[0], torch.float16, enabled=self.half):
            return self.encoder(self.clips(chunk)).float()

    def wait(self):
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()
        return time.perf_counter()

    def __call__(self):
        items, snippets = len(self.frames), self.config["model"]["tscale"]
        self.optimizer.zero_grad(set_to_none=True)
        begin = self.wait()
        size = self.config["encoder"]["chunk"] * items
        every = [(item, snippet) for item in range(items) for snippet in range(snippets)]
        with torch.no_grad():
            found = [self.encode(every[at : at + size]) for at in range(0, len(every), size)]
        features = torch.cat(found).view(items, snippets, -1).transpose(1, 2).contiguous().requires_grad_()
        encoded = self.wait()
        output = self.detector(features, self.proposals)
        total, terms = objective(output, self.truths, self.classes, self.proposals, self.config, self.noise)
        total.backward()
        upstream = features.grad.transpose(1, 2)
        detected = self.wait()
        for chunk in self.chunks:
            wanted = torch.stack([upstream[item, snippet] for item, snippet in chunk])
            (self.encode(chunk) * wanted).sum().backward()
        back = self.wait()
        limit = self.config["solver"]["clip_norm"]
        if limit > 0:
            torch.nn.utils.clip_grad_norm_(self.trained, limit)
        self.gradients = {k: p.grad for part in (self.encoder, self.detector) for k, p in part.named_parameters()}
        self.optimizer.step()
        end = self.wait()
        terms = {name: term.item() for name, term in terms.items()}
        return terms, (self.wait() - begin, encoded - begin, detected - encoded + end - back, back - detected)


def compare(step, tensors, terms):
    """Largest deviation of loss terms, and of the norm of all clipped gradients."""
    worst = max(abs(terms[k] - tensors[f"term.{k}"].item()) / max(abs(terms[k]), 1e-3) for k in terms)
    ours = sum((10 * v.double()).square().sum().item() for k, v in tensors.items() if k.startswith("moment.")) ** 0.5
    theirs = sum(g.double().square().sum().item() for g in step.gradients.values() if g is not None) ** 0.5
    return worst, abs(theirs / ours - 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--half", action="store_true")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    tensors, about = read(options.dump)
    step = Step(tensors, tomllib.loads(about["config"]), options.device, options.half)
    terms, _ = step()
    loss_off, norm_off = compare(step, tensors, terms)
    step()
    times = sorted(step()[1] for _ in range(options.steps))
    middle = [sorted(column)[len(times) // 2] for column in zip(*times)]
    cuda = options.device.startswith("cuda")
    print(json.dumps({
        "program": f"PyTorch {torch.__version__}", "device": options.device, "threads": torch.get_num_threads(), "steps": options.steps,
        "seconds": middle[0], "encoder_forward": middle[1], "detector": middle[2], "encoder_backward": middle[3],
        "process_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "device_peak_mb": torch.cuda.max_memory_allocated() / 1e6 if cuda else None,
        "loss_terms_off": loss_off, "gradient_norm_off": norm_off,
    }))


if __name__ == "__main__":
    main()
