//! The data's keys.

use super::section::{choice, section};

section! {
    /// Videos, annotations, and how a video becomes snippets (spec 2 and 18). Relative paths resolve against `--root`.
    pub struct Data {
        /// Annotation file in the ActivityNet schema (spec 2.1).
        annotations: String = "annotations.json".to_owned(),
        /// What the snippets are made of.
        source: Source = Source::Videos,
        /// Folder of the video or feature files; a video's own path in the annotation file comes first.
        folder: String = ".".to_owned(),
        /// What stands before a video's name in its file name (ActivityNet: "v_").
        prefix: String = String::new(),
        /// File name extension of videos or features, without the dot.
        extension: String = "mp4".to_owned(),
        /// Text file with one class a line; absent: the classes of the annotation file, sorted (spec 2.2).
        class_map: Option<String> = None,
        /// Text file with one video a line that is left out (spec 2.1).
        block_list: Option<String> = None,
        /// Subset that trains.
        train_subset: String = "training".to_owned(),
        /// Subset that is evaluated.
        test_subset: String = "validation".to_owned(),
        /// Whether annotations that are marked as drafts train and count like others; if not, nothing is said about where they lie (spec 18).
        drafts: bool = true,
        /// Whole videos rescaled to `tscale` snippets, or sliding windows of a fixed length (spec 2.3, 2.5, 18).
        scheme: Scheme = Scheme::Windows,
        /// Length of a window in seconds (spec 18).
        window_seconds: f64 = 16.0,
        /// Overlap of neighbouring windows, 0..1 (spec 2.5).
        window_overlap: f64 = 0.5,
        /// Which axis of a feature file comes first (spec 2.3).
        feature_layout: FeatureLayout = FeatureLayout::TimeFirst,
        /// Frames between two stored features, for windows of features (spec 2.5: 4).
        feature_stride: usize = 4,
        /// Frames from a stored feature's first frame to its centre (spec 2.5: 8).
        feature_offset: usize = 8,
        /// In training, whether each epoch shifts the windows by up to half their stride (spec 18, windows on raw video).
        window_jitter: bool = true,
        /// Share of an action that a training window must hold to train on it, 0..1 (spec 2.5: 0.9).
        completeness: f64 = 0.9,
        /// Which truths of a whole rescaled video train (spec 2.3).
        truth_rule: TruthRule = TruthRule::OpenTad,
        /// Frames are chosen by presentation time, or by index as the reference does (spec 18, 2.4).
        sampling: Sampling = Sampling::Time,
        /// Frames of a clip (spec 2.4: 16).
        clip_length: usize = 16,
        /// Frames a second inside a clip, for sampling by time.
        frame_rate: f64 = 15.0,
        /// Height in pixels to which a frame is resized, without keeping its ratio (spec 2.4: 128).
        resize_height: usize = 128,
        /// Width in pixels to which a frame is resized (spec 2.4: 171).
        resize_width: usize = 171,
        /// How a frame comes to that size: every pixel counting, or as the reference's OpenCV does (spec 2.4), for `sampling = "index…"`.
        resize_filter: ResizeFilter = ResizeFilter::Smooth,
        /// Side in pixels of the square crop in training (spec 2.4: 112).
        crop: usize = 112,
        /// Side in pixels of the centre crop in inference (OpenTAD 128, official 112; spec 2.4).
        test_crop: usize = 112,
        /// With a frozen encoder: folder, from `--root`, where the features of every window are kept; windows then neither move nor change
        /// in training, and the encoder runs once only. Absent: the encoder runs in each epoch.
        feature_cache: Option<String> = None,
        /// Folder, from `--root`, where resized frames are kept from one run to the next; a run that finds them there decodes none of them
        /// (times of frames are kept in the user's cache folder where counting them took long, and all of them in that of the variable
        /// `ETAD_CACHE`). Absent: each run decodes anew. May be shared by runs, which keep its limit together to
        /// about a fiftieth, and deleted at any time.
        disk_cache: Option<String> = None,
        /// Megabytes that this folder may grow to; where they are used up, what was not used for longest goes.
        disk_cache_limit: usize = 20_480,
        /// Random changes of the picture in training.
        augment: super::Augment = super::Augment::default(),
        /// A control for experiments: every clip is its centre frame repeated, so that motion inside a clip is lost.
        repeat_centre_frame: bool = false,
        /// A control for experiments: the frames of every clip in reverse order.
        reverse_clips: bool = false,
    }
}

choice! {
    /// What snippets are made of.
    pub enum Source {
        /// Video files, through the encoder.
        Videos = "videos",
        /// Stored features (`.npy`).
        Features = "features",
    } default Videos
}

choice! {
    /// How a video is cut for the detector.
    pub enum Scheme {
        /// The whole video is rescaled to `tscale` snippets (ActivityNet).
        Resize = "resize",
        /// Sliding windows of `tscale` snippets (THUMOS, own videos).
        Windows = "windows",
    } default Windows
}

choice! {
    /// How the frames of a snippet are chosen.
    pub enum Sampling {
        /// Nearest frame by presentation time (spec 18).
        Time = "time",
        /// By frame index, OpenTAD's bins (spec 2.4).
        Index = "index",
        /// By frame index, the first clip at the first frame and the last at the last, as the official code (spec 2.4).
        IndexOfficial = "index_official",
    } default Time
}

choice! {
    /// How a frame is resized.
    pub enum ResizeFilter {
        /// Every pixel of the frame counts; in one pass from the stored colours, so faster.
        Smooth = "smooth",
        /// As OpenCV's `INTER_LINEAR` on RGB: two pixels a side, whatever the scale (spec 2.4).
        OpenCv = "opencv",
    } default Smooth
}

choice! {
    /// Which truths of a rescaled video train (spec 2.3, 13: gt filter).
    pub enum TruthRule {
        /// OpenTAD: those longer than 1 % of the video, each once.
        OpenTad = "opentad",
        /// The authors' own repository: all of a video that has one longer than 1 %.
        Official = "official",
    } default OpenTad
}

choice! {
    /// Axes of a feature file.
    pub enum FeatureLayout {
        /// `[time, channels]`, as all of the reference's.
        TimeFirst = "time_first",
        /// `[channels, time]`.
        ChannelsFirst = "channels_first",
    } default TimeFirst
}
