//! The recipes of the references hold the references' values: the whole inventory of spec 8, and the differences of spec 13.
//!
//! Spec 8 is written out here a second time on purpose, under this program's keys, so that a recipe cannot drift; what has no key here
//! must at least be named in a comment, with what stands for it.

use std::path::Path;

use burn::tensor::Device;
use etad::config::{Config, Encoder as EncoderConfig};
use etad::model::Encoder;
use etad::model::weights::parameters;

/// What all four have in common.
const ALL: &str = r#"
model.hidden = 256
model.groups = 4
model.norm_groups = 16
model.tscale = 128
model.proposals.strategy = "random"
model.roi.extend = 0.5
model.head.fcs = 3
model.head.fc_channels = 128
model.head.stages = [0.7, 0.8, 0.9]
model.head.classes = false
data.train_subset = "training"
data.test_subset = "validation"
data.feature_layout = "time_first"
data.repeat_centre_frame = false
data.reverse_clips = false
loss.iou_classification = 1.0
loss.iou_regression = 5.0
loss.offsets = 10.0
loss.boundary = 0.5
loss.positive_iou = 0.9
solver.workers = 4
optimizer.weight_decay = 1e-4
scheduler.kind = "steps"
scheduler.milestones = [5]
scheduler.gamma = 0.1
scheduler.warmup_steps = 0
post.boundary_selection = true
post.strict_reference = false
post.nms.kind = "soft"
post.nms.iou_threshold = 0.0
post.nms.per_class = false
post.classifier.top = 2
workflow.report_interval = 200
workflow.checkpoint_interval = 1
workflow.eval_interval = 1
workflow.eval_start = 5
workflow.patience = 0
"#;

const ACTIVITYNET: &str = r#"
model.in_channels = 512
model.dscale = 128
model.proposals.ratio = 0.06
model.head.features = 512
data.annotations = "data/activitynet-1.3/annotations/activity_net.v1-3.min.json"
data.class_map = "data/activitynet-1.3/annotations/category_idx.txt"
data.prefix = "v_"
data.scheme = "resize"
optimizer.kind = "adamw"
solver.epochs = 6
post.nms.sigma = 0.35
post.nms.max_detections = 100
post.nms.voting_threshold = 0.0
post.nms.min_score = 1e-4
post.classifier.kind = "cuhk"
post.classifier.path = "data/activitynet-1.3/classifiers/cuhk_val_simp_7.json"
eval.tious = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
workflow.test_epoch = 5
"#;

/// OpenTAD's side of spec 13.
const OPENTAD: &str = r#"
seed = 42
model.masks = true
model.proposals.shuffled = false
model.roi.bins = 16
model.roi.aligned = true
model.head.variant = "opentad"
loss.form = "opentad"
loss.truncate_boundary = true
solver.drop_last = false
solver.clip_norm = 1.0
post.form = "opentad"
eval.rules = "opentad"
"#;

/// The official side of spec 13.
const OFFICIAL: &str = r#"
name = "e2e_anet_tsp_official"
seed = 2023
model.masks = false
model.proposals.shuffled = true
model.roi.bins = 24
model.roi.aligned = false
model.head.variant = "official"
loss.form = "official"
loss.truncate_boundary = false
solver.drop_last = true
solver.clip_norm = 0.0
solver.snippet_strategy = "random"
post.form = "official"
eval.rules = "toolkit"
eval.blocked = "data/activitynet-1.3/annotations/blocked_official.json"
data.truth_rule = "official"
data.sampling = "index_official"
data.test_crop = 112
encoder.train_norm = true
encoder.chunk = 4
encoder.snippet_ratio = 0.3
"#;

const END_TO_END: &str = r#"
data.source = "videos"
data.folder = "data/activitynet-1.3/raw_data/Anet_videos_15fps_short256"
data.block_list = "data/activitynet-1.3/raw_data/Anet_videos_15fps_short256/missing_files.txt"
data.extension = "mp4"
data.clip_length = 16
data.resize_width = 171
data.resize_height = 128
data.resize_filter = "opencv"
data.crop = 112
data.augment.flip = 0.5
data.augment.crop = true
data.augment.crop_last = false
data.augment.random_operations = 2
data.augment.random_magnitude = 9.0
data.augment.brightness = 0.5
data.augment.contrast = 0.5
data.augment.saturation = 0.5
data.augment.hue = 0.1
data.augment.truncate = true
encoder.arch = "r2plus1d"
encoder.weights = "pretrained/r2plus1d_34-tsp_on_activitynet-max_gvf-backbone_lr_0.0001-fc_lr_0.002-epoch_5-0d2cf854.pth"
encoder.blocks = [3, 4, 6, 3]
encoder.widths = [64, 128, 256, 512]
encoder.stem_mid = 45
encoder.stem_width = 64
encoder.stem_kernel = 7
encoder.temporal_strides = [1, 2, 2, 2]
encoder.spatial_strides = [1, 2, 2, 2]
encoder.norm = "batch"
encoder.norm_epsilon = 1e-3
encoder.frozen_stages = 3
encoder.frozen = false
encoder.mean = [110.2008, 100.63983, 95.99475]
encoder.std = [58.14765, 56.46975, 55.332195]
solver.batch_size = 4
optimizer.detector_rate = 5e-4
optimizer.encoder_rate = 5e-7
"#;

const E2E_ANET_TSP: &str = r#"
name = "e2e_anet_tsp"
data.truth_rule = "opentad"
data.sampling = "index"
data.test_crop = 128
encoder.train_norm = false
encoder.chunk = 8
encoder.snippet_ratio = 1.0
eval.blocked = "data/activitynet-1.3/annotations/blocked.json"
"#;

const FEATURES: &str = r#"
encoder.arch = "none"
data.source = "features"
data.extension = "npy"
solver.batch_size = 16
"#;

const ANET_TSP: &str = r#"
name = "anet_tsp"
data.truth_rule = "opentad"
data.folder = "data/activitynet-1.3/features/anet_tsp_npy_unresize"
data.block_list = "data/activitynet-1.3/features/anet_tsp_npy_unresize/missing_files.txt"
optimizer.detector_rate = 1e-3
eval.blocked = "data/activitynet-1.3/annotations/blocked.json"
"#;

const THUMOS_I3D: &str = r#"
name = "thumos_i3d"
model.in_channels = 2048
model.dscale = 64
model.proposals.ratio = 0.1
model.head.features = 256
data.annotations = "data/thumos-14/annotations/thumos_14_anno.json"
data.class_map = "data/thumos-14/annotations/category_idx.txt"
data.folder = "data/thumos-14/features/i3d_actionformer_stride4_thumos"
data.block_list = "data/thumos-14/features/i3d_actionformer_stride4_thumos/missing_files.txt"
data.prefix = ""
data.scheme = "windows"
data.feature_stride = 4
data.feature_offset = 8
data.window_overlap = 0.5
data.completeness = 0.9
solver.epochs = 8
optimizer.kind = "adam"
optimizer.detector_rate = 1e-4
post.nms.sigma = 0.3
post.nms.max_detections = 200
post.nms.min_score = 1e-4
post.nms.voting_threshold = 0.95
post.classifier.kind = "untrimmed_net"
post.classifier.path = "data/thumos-14/classifiers/uNet_test.npy"
eval.tious = [0.3, 0.4, 0.5, 0.6, 0.7]
"#;

/// Keys that are absent: no block list for the evaluation and no epoch to test (spec 8).
const THUMOS_ABSENT: [&str; 2] = ["eval.blocked", "workflow.test_epoch"];

/// Words of the references that a recipe names, with a key or in a comment.
const NAMED: [&str; 58] = [
    "model.type ETAD",
    "ConvSingleProj",
    "in_channels",
    "out_channels",
    "num_convs 1",
    "conv_cfg",
    "norm_cfg",
    "LSTMNeck",
    "TemporalEvaluationHead",
    "num_classes 2",
    "shared true",
    "pos_thresh",
    "gt_type",
    "ETADRoIHead",
    "stages.number",
    "loss_weight",
    "pos_iou_thresh",
    "ProposalMapSampling",
    "tscale",
    "dscale",
    "sampling_ratio",
    "strategy",
    "ROIAlignExtractor",
    "roi_size",
    "extend_ratio",
    "base_stride",
    "feat_channels",
    "fcs_num",
    "fcs_channels",
    "cls_weight",
    "reg_weight",
    "boundary_weight",
    "dataset.type",
    "ann_file",
    "class_map",
    "data_path",
    "block_list",
    "subset_name",
    "class_agnostic",
    "test_mode",
    "tiou_thresholds",
    "batch_size",
    "num_workers",
    "ema, amp, static_graph and fp16_compress",
    "MultiStepLR",
    "max_epoch",
    "test_epoch",
    "load_from_raw_predictions",
    "save_raw_prediction",
    "fuse_list",
    "max_seg_num",
    "min_score",
    "external_cls",
    "save_dict",
    "logging_interval",
    "val_loss_interval -1",
    "val_eval_interval",
    "work_dir",
];

const NAMED_END_TO_END: [&str; 18] = [
    "Recognizer3D",
    "ResNet2Plus1d_TSP",
    "backbone.layers",
    "backbone.pretrained",
    "frozen_stages = 2 there",
    "norm_eval",
    "with_cp",
    "data_preprocessor",
    "NCTHW",
    "custom.pretrain",
    "post_processing (mean",
    "freeze_backbone",
    "clip_len",
    "frame_interval",
    "filter_gt",
    "evaluation.blocked_videos",
    "optimizer.backbone.lr",
    "crop in training",
];

const NAMED_OF_ONE: [(&str, &[&str]); 4] = [
    ("anet_tsp", &["AnetResizeDataset", "filter_gt", "use_soft_nms", "multiclass", "voting_thresh", "clip_grad_norm"]),
    (
        "e2e_anet_tsp",
        &["temporal_checkpointing true", "chunk_num 16", "chunk_dim 0", "use_soft_nms", "multiclass", "clip_grad_norm"],
    ),
    (
        "e2e_anet_tsp_official",
        &[
            "E2E_SETTING.mode",
            "chunk_size",
            "SAMPLING_RATIO.snippet",
            "DETECTION_POST.iou_threshold",
            "DETECTION_POST.sigma",
        ],
    ),
    (
        "thumos_i3d",
        &[
            "ThumosSlidingDataset",
            "sample_stride 1",
            "offset_frames",
            "window_size",
            "window_overlap_ratio",
            "ioa_thresh",
            "filter_gt",
            "use_soft_nms",
            "multiclass",
            "voting_thresh",
            "clip_grad_norm",
        ],
    ),
];

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/{name}.toml"))
}

fn load(name: &str) -> Config {
    etad::config::load(&path(name), &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// The value at a dotted path.
fn at<'a>(table: &'a toml::Table, path: &str) -> Option<&'a toml::Value> {
    match path.split_once('.') {
        Some((section, rest)) => at(table.get(section)?.as_table()?, rest),
        None => table.get(path),
    }
}

#[test]
fn every_value_of_spec_8_and_13_is_that_of_the_reference() {
    for (name, expected) in [
        ("anet_tsp", [ALL, ACTIVITYNET, OPENTAD, FEATURES, ANET_TSP]),
        ("e2e_anet_tsp", [ALL, ACTIVITYNET, OPENTAD, END_TO_END, E2E_ANET_TSP]),
        ("e2e_anet_tsp_official", [ALL, ACTIVITYNET, END_TO_END, OFFICIAL, ""]),
        ("thumos_i3d", [ALL, OPENTAD, FEATURES, THUMOS_I3D, ""]),
    ] {
        let resolved = toml::Table::try_from(load(name)).expect("serialises");
        for line in expected.iter().flat_map(|text| text.lines()).filter(|line| !line.is_empty()) {
            let (path, value) = line.split_once(" = ").expect("key = value");
            let value = format!("x = {value}").parse::<toml::Table>().expect("TOML").remove("x");
            assert_eq!(at(&resolved, path), value.as_ref(), "{name}: {path}");
        }
        if name == "thumos_i3d" {
            THUMOS_ABSENT.iter().for_each(|path| assert_eq!(at(&resolved, path), None, "{name}: {path}"));
        }
    }
}

#[test]
fn every_key_of_spec_8_is_named_in_the_recipes() {
    for (name, own) in NAMED_OF_ONE {
        let text = std::fs::read_to_string(path(name)).expect("a recipe");
        let end_to_end = NAMED_END_TO_END.iter().filter(|_| name.starts_with("e2e"));
        let missing: Vec<&&str> =
            NAMED.iter().chain(end_to_end).chain(own).filter(|word| !text.contains(**word)).collect();
        assert!(missing.is_empty(), "configs/{name}.toml does not name {missing:?}");
    }
}

/// Spec 3.1 and 3.3: parameters of the encoder in all, and those that train: layers 3 and 4, with the batch norms' or without.
#[test]
fn the_encoders_have_the_references_sizes() {
    for (name, trained) in [("e2e_anet_tsp", 59_437_312), ("e2e_anet_tsp_official", 59_478_090)] {
        let settings: EncoderConfig = load(name).encoder;
        let all = parameters(&Encoder::new(&settings, 1, &Device::flex().autodiff()));
        // Running statistics are no parameters in PyTorch's count.
        let counted = || all.iter().filter(|one| !one.name.contains(".running_"));
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        assert_eq!(counted().map(|one| size(&one.shape)).sum::<usize>(), 63_491_975, "{name}");
        let learns = counted().filter(|one| one.trained);
        assert_eq!(learns.map(|one| size(&one.shape)).sum::<usize>(), trained, "{name}");
        let kept = |layer: &str| !all.iter().any(|one| one.name.contains(layer) && one.trained);
        assert!(kept(".stem.") && kept(".layer1.") && kept(".layer2."), "{name}: frozen_stages");
    }
}
