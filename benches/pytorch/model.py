"""The peer in PyTorch: R(2+1)D and the ETAD detector of the shapes that a recipe of etad names, with etad's parameter names."""

import torch
import torch.nn.functional as F
from torch import nn


def mid_planes(inputs, outputs):
    return inputs * outputs * 27 // (inputs * 9 + 3 * outputs)


def norm_groups(channels, wanted):
    """As etad: the largest number of groups up to `wanted` that divides the channels."""
    return next(groups for groups in range(min(wanted, channels), 0, -1) if channels % groups == 0)


class FrozenBatchNorm(nn.Module):
    """Batch norm on its running statistics; scale and shift are not trained unless the recipe says so."""

    def __init__(self, channels, epsilon, trained):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels), requires_grad=trained)
        self.bias = nn.Parameter(torch.zeros(channels), requires_grad=trained)
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.epsilon = epsilon

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.epsilon)


def norm(channels, config):
    if config["norm"] == "group":
        return nn.GroupNorm(norm_groups(channels, config["norm_groups"]), channels, config["norm_epsilon"])
    return FrozenBatchNorm(channels, config["norm_epsilon"], config["train_norm"])


def conv(inputs, outputs, kernel, stride):
    return nn.Conv3d(inputs, outputs, kernel, stride, [size // 2 for size in kernel], bias=False)


def factorised(inputs, mid, outputs, time, space, config):
    return nn.Sequential(
        conv(inputs, mid, (1, 3, 3), (1, space, space)), norm(mid, config), nn.ReLU(inplace=True),
        conv(mid, outputs, (3, 1, 1), (time, 1, 1)),
    )


class Block(nn.Module):
    def __init__(self, inputs, outputs, time, space, config):
        super().__init__()
        first = mid_planes(inputs, outputs)
        second = first if config["arch"] == "r2plus1d_torchvision" else mid_planes(outputs, outputs)
        self.conv1 = nn.Sequential(factorised(inputs, first, outputs, time, space, config), norm(outputs, config))
        self.conv2 = nn.Sequential(factorised(outputs, second, outputs, 1, 1, config), norm(outputs, config))
        self.downsample = None
        if (time, space) != (1, 1) or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, (1, 1, 1), (time, space, space)), norm(outputs, config))

    def forward(self, x):
        y = self.conv2(F.relu(self.conv1(x)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Encoder(nn.Module):
    """Clips [clips, 3, frames, side, side] of bytes to features [clips, channels]."""

    def __init__(self, config):
        super().__init__()
        mid, width, kernel = config["stem_mid"], config["stem_width"], config["stem_kernel"]
        self.stem = nn.Sequential(
            conv(3, mid, (1, kernel, kernel), (1, 2, 2)), norm(mid, config), nn.ReLU(inplace=True),
            conv(mid, width, (3, 1, 1), (1, 1, 1)), norm(width, config), nn.ReLU(inplace=True),
        )
        self.layers = []
        for index, outputs in enumerate(config["widths"]):
            blocks = []
            for block in range(config["blocks"][index]):
                steps = (config["temporal_strides"][index], config["spatial_strides"][index]) if block == 0 else (1, 1)
                blocks.append(Block(width, outputs, *steps, config))
                width = outputs
            layer = nn.Sequential(*blocks)
            setattr(self, f"layer{index + 1}", layer)
            self.layers.append(layer)
        frozen = len(self.layers) + 1 if config["frozen"] else config["frozen_stages"]
        for part in ([self.stem] if frozen > 0 else []) + self.layers[: max(frozen - 1, 0)]:
            part.requires_grad_(False)
        self.register_buffer("mean", torch.tensor(config["mean"]).view(1, 3, 1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config["std"]).view(1, 3, 1, 1, 1), persistent=False)

    def forward(self, clips):
        x = self.stem((clips.to(self.mean.dtype) - self.mean) / self.std)
        for layer in self.layers:
            x = layer(x)
        return x.mean((2, 3, 4))


class ConvModule(nn.Module):
    def __init__(self, inputs, outputs, kernel, groups, norm_groups_):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, 1, kernel // 2, groups=groups, bias=False)
        self.norm = nn.GroupNorm(norm_groups_, outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Branch(nn.Module):
    def __init__(self, head, outputs):
        super().__init__()
        widths = [head["features"]] + [head["fc_channels"]] * head["fcs"]
        pairs = zip(widths, widths[1:])
        self.fcs = nn.ModuleList(nn.Sequential(nn.Linear(a, b), nn.ReLU(inplace=True)) for a, b in pairs)
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, x):
        for layer in self.fcs:
            x = layer(x)
        return self.head(x)


class Shared(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.fcs = nn.ModuleList([nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(inplace=True))])

    def forward(self, x):
        return self.fcs[0](x)


class ProposalHead(nn.Module):
    def __init__(self, model):
        super().__init__()
        head = model["head"]
        self.shared_conv_fc = Shared(model["hidden"] * model["roi"]["bins"], head["features"])
        self.iou_head, self.se_head, self.reg_head = Branch(head, 2), Branch(head, 2), Branch(head, 4)

    def forward(self, x):
        feature = self.shared_conv_fc(x)
        return feature, self.iou_head(feature).sigmoid(), self.se_head(feature).sigmoid(), self.reg_head(feature)


class ClassHead(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.fcs = nn.ModuleList([nn.Sequential(nn.Linear(features, 128), nn.ReLU(inplace=True))])
        self.head = nn.Linear(128, classes)

    def forward(self, x):
        return self.head(self.fcs[0](x))


def roi_align(features, proposals, bins, extend):
    """Features [batch, channels, time] at proposals [batch, K, 2] to [batch * K, channels, bins]; aligned, mean of the samples.

    The reference's own CUDA kernel is not on PyPI; this is the same sum written as gathers over the samples of every bin.
    """
    batch, channels, time = features.shape
    length = proposals[..., 1] - proposals[..., 0]
    low = proposals[..., 0] - extend * length - 0.5
    size = length * (1 + 2 * extend) / bins
    samples = size.ceil()
    most = int(samples.clamp(0, 4 * time).max().item())
    bin_ = torch.arange(bins, device=features.device)
    place = torch.arange(most, device=features.device)
    first = low[..., None] + bin_ * size[..., None]
    at = first[..., None] + (place + 0.5) * (size / samples)[..., None, None]
    valid = (place < samples[..., None, None]) & (at >= -1.0) & (at <= time)
    share = valid / samples[..., None, None]
    at = at.clamp(min=0.0)
    left = at.floor().clamp(max=time - 1)
    right = (left + 1).clamp(max=time - 1)
    part = torch.where(left >= time - 1, torch.zeros_like(at), at - left)
    weights = features.new_zeros(batch, proposals.shape[1], bins, time)
    weights.scatter_add_(3, left.long(), share * (1 - part))
    weights.scatter_add_(3, right.long(), share * part)
    read = torch.einsum("bkrt,bct->bkcr", weights, features)
    return read.reshape(-1, channels * bins)


def refine(proposals, offsets):
    start, end = proposals.unbind(-1)
    length, middle = end - start, (start + end) / 2
    ds, de, dc, dw = offsets.detach().unbind(-1)
    length_a, middle_a = length + length * (de - ds), middle + length * (ds + de) / 2
    middle_b, length_b = middle + dc * length, length * dw.exp()
    start = ((middle_a - length_a / 2) + (middle_b - length_b / 2)) / 2
    end = ((middle_a + length_a / 2) + (middle_b + length_b / 2)) / 2
    return torch.stack([start, end], -1)


class Detector(nn.Module):
    """Features [batch, channels, time] to boundary curves, cascade stages and class logits."""

    def __init__(self, model, classes):
        super().__init__()
        hidden, groups, norms = model["hidden"], model["groups"], model["norm_groups"]
        self.projection = nn.Module()
        self.projection.convs = nn.ModuleList([ConvModule(model["in_channels"], hidden, 3, groups, norms)])
        neck = self.neck = nn.Module()
        neck.mem_f, neck.mem_b = (nn.LSTM(hidden, hidden, batch_first=True) for _ in range(2))
        neck.layer2_f, neck.layer2_b = (ConvModule(hidden, hidden // 2, 3, groups, norms) for _ in range(2))
        neck.layer2_d = ConvModule(hidden, hidden, 3, groups, norms)
        neck.layer3 = ConvModule(2 * hidden, hidden, 1, groups, norms)
        tem = [nn.Conv1d(hidden, hidden, 3, 1, 1, groups=groups), nn.Conv1d(hidden, 2, 1)]
        self.rpn_head = nn.Module()
        self.rpn_head.tem = nn.ModuleList()
        for layer in tem:
            holder = nn.Module()
            holder.conv = layer
            self.rpn_head.tem.append(holder)
        self.roi_head = nn.Module()
        self.roi_head.proposal_heads = nn.ModuleList(ProposalHead(model) for _ in model["head"]["stages"])
        if model["head"]["classes"]:
            self.roi_head.class_head = ClassHead(model["head"]["features"], classes)
        self.bins, self.extend = model["roi"]["bins"], model["roi"]["extend"]

    def forward(self, features, proposals):
        x = self.projection.convs[0](features)
        rows = x.transpose(1, 2)
        ahead = self.neck.mem_f(rows)[0].transpose(1, 2)
        back = self.neck.mem_b(rows.flip(1))[0].flip(1).transpose(1, 2)
        joined = [self.neck.layer2_f(ahead), self.neck.layer2_d(x), self.neck.layer2_b(back)]
        x = self.neck.layer3(torch.cat(joined, 1))
        boundary = self.rpn_head.tem[1].conv(F.relu(self.rpn_head.tem[0].conv(x))).sigmoid()
        batch, count, _ = proposals.shape
        stages = []
        for head in self.roi_head.proposal_heads:
            read = roi_align(x, proposals, self.bins, self.extend)
            feature, iou, ends, offsets = head(read)
            iou, ends, offsets = (part.view(batch, count, -1) for part in (iou, ends, offsets))
            stages.append((proposals, iou, ends, offsets))
            proposals = refine(proposals, offsets)
        logits = None
        if hasattr(self.roi_head, "class_head"):
            logits = self.roi_head.class_head(feature).view(batch, count, -1)
        return boundary, stages, logits
