"""The loss of a step as etad works it out (OpenTAD's form), on the device that the tensors are on."""

import torch
import torch.nn.functional as F


def overlap(a, b):
    inter = (torch.minimum(a[..., 1], b[..., 1]) - torch.maximum(a[..., 0], b[..., 0])).clamp(min=0)
    return inter / ((a[..., 1] - a[..., 0]) + (b[..., 1] - b[..., 0]) - inter).clamp(min=1e-6)


def curve(points, time):
    cell = torch.arange(time, device=points.device, dtype=points.dtype)[:, None]
    inside = torch.minimum(cell + 1, points + 1.5) - torch.maximum(cell, points - 1.5)
    return inside.clamp(min=0).trunc().max(1).values


def balanced(probability, target):
    positive = target > 0.5
    count, others = positive.sum(), (~positive).sum()
    log, log_not = probability.log().clamp(min=-100), (1 - probability).log().clamp(min=-100)
    if count == 0 or others == 0:
        return -torch.where(positive, log, log_not).mean()
    return -0.5 * ((log * positive).sum() / count + (log_not * ~positive).sum() / others)


def sampled_binary(probability, target, threshold, noise):
    log, log_not = (probability + 1e-6).log(), (1 - probability + 1e-6).log()
    positive = target > threshold
    count = positive.sum()
    if count == 0:
        return -log_not.mean()
    ratio = count / (~positive).sum()
    chosen = torch.where(~positive, noise(), torch.zeros_like(target)) > 1 - ratio
    return -((log * positive).sum() + (log_not * chosen).sum()) / (count + chosen.sum())


def sampled_squares(value, target, middle_noise, low_noise):
    high, low = target > 0.7, target <= 0.3
    middle = ~high & ~low
    count = high.sum()
    if count == 0:
        return ((value - target) ** 2).mean()
    zero = torch.zeros_like(target)
    weight = high.float()
    weight = weight + (torch.where(middle, middle_noise(), zero) > 1 - count / middle.sum())
    weight = weight + (torch.where(low, low_noise(), zero) > 1 - count / low.sum())
    return ((value - target) ** 2 * weight).sum() / weight.sum()


def objective(output, truths, classes, initial, config, noise):
    """Cost and its terms; `noise(stage, site)` gives etad's own draws."""
    boundary, stages, logits = output
    loss, thresholds = config["loss"], config["model"]["head"]["stages"]
    time = boundary.shape[2]
    starts = torch.stack([curve(truth[:, 0], time) for truth in truths])
    ends = torch.stack([curve(truth[:, 1], time) for truth in truths])
    terms = {"loss_tem": balanced(boundary[:, 0], starts) + balanced(boundary[:, 1], ends)}
    total = terms["loss_tem"]
    pairs = zip(initial, truths)
    assigned = torch.stack([truth[overlap(spans[:, None], truth[None]).argmax(1)] for spans, truth in pairs])
    for index, (spans, iou, edges, offsets) in enumerate(stages):
        target = overlap(spans, assigned).flatten()
        length = (spans[..., 1] - spans[..., 0]).clamp(min=1e-6)
        true_length = (assigned[..., 1] - assigned[..., 0]).clamp(min=1e-6)
        ds, de = ((assigned[..., end] - spans[..., end]) / length for end in (0, 1))
        wanted = torch.stack([ds, de, (ds + de) / 2, (true_length / length + 1e-6).log()], -1).view(-1, 4)
        at = [spans[..., end].trunc().long().clamp(0, time - 1) for end in (0, 1)]
        start, end = starts.gather(1, at[0]).flatten(), ends.gather(1, at[1]).flatten()
        draw = lambda site: lambda: noise(index, site)
        near = (target > thresholds[index]).float()
        distance = F.smooth_l1_loss(offsets.view(-1, 4), wanted, reduction="none").sum(1)
        part = sampled_binary(iou[..., 0].flatten(), target, loss["positive_iou"], draw(0)) * loss["iou_classification"]
        part = part + sampled_squares(iou[..., 1].flatten(), target, draw(1), draw(2)) * loss["iou_regression"]
        part = part + (distance * near).sum() / near.sum().clamp(min=1) * loss["offsets"]
        edge = sampled_binary(edges[..., 0].flatten(), start, 0.5, draw(3))
        edge = edge + sampled_binary(edges[..., 1].flatten(), end, 0.5, draw(4))
        terms[f"loss_pem.s{index}"] = part + edge * loss["boundary"]
        total = total + terms[f"loss_pem.s{index}"]
    if logits is not None:
        terms["class"] = class_loss(logits, stages[-1][0], truths, classes, loss, lambda: noise(len(stages) - 1, 5))
        total = total + terms["class"]
    terms["cost"] = total
    return total, terms


def class_loss(logits, spans, truths, classes, loss, noise):
    hot = torch.zeros_like(logits)
    for item, (truth, labels) in enumerate(zip(truths, classes)):
        above = overlap(spans[item][:, None], truth[None]) > loss["class_iou"]
        for column, label in enumerate(labels.tolist()):
            hot[item, :, label] = torch.maximum(hot[item, :, label], above[:, column].float())
    positive = hot.amax(2).flatten() > 0
    count = positive.sum()
    if count == 0:
        return logits.sum() * 0
    weight = positive.float()
    others = torch.where(positive, torch.full_like(weight, 2.0), noise())
    rank = others.argsort(stable=True)[: min(int(count * loss["class_negatives"]), int((~positive).sum()))]
    weight[rank] = 1.0
    cross = F.binary_cross_entropy_with_logits(logits, hot, reduction="none").sum(2).flatten()
    return (cross * weight).sum() / weight.sum() * loss["class_weight"]
