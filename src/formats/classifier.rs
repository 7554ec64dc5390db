//! Scores of external video classifiers, with which ETAD's class-agnostic proposals get their classes (spec 9.5).

use std::collections::HashMap;
use std::path::Path;

use super::features::read_array;
use super::json::{self, Node};
use super::{FormatError, read_text};

/// Columns of a UCF101 classifier that are THUMOS classes: id from 1, and name.
const THUMOS_CLASSES: [(usize, &str); 20] = [
    (7, "BaseballPitch"),
    (9, "BasketballDunk"),
    (12, "Billiards"),
    (21, "CleanAndJerk"),
    (22, "CliffDiving"),
    (23, "CricketBowling"),
    (24, "CricketShot"),
    (26, "Diving"),
    (31, "FrisbeeCatch"),
    (33, "GolfSwing"),
    (36, "HammerThrow"),
    (40, "HighJump"),
    (45, "JavelinThrow"),
    (51, "LongJump"),
    (68, "PoleVault"),
    (79, "Shotput"),
    (85, "SoccerPenalty"),
    (92, "TennisSwing"),
    (93, "ThrowDiscus"),
    (97, "VolleyballSpiking"),
];

/// Class scores of whole videos.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoClassifier {
    classes: Vec<String>,
    rows: Rows,
    /// Which of two classes of equal score is the better.
    earlier_first: bool,
}

/// Whose file in JSON it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CUHK's scores of ActivityNet.
    Cuhk,
    /// OpenTAD's generic classifier, whose names may stand under `classes` too.
    Generic {
        /// Whether each video's scores are normalised to sum to 1.
        softmax: bool,
    },
}

/// How a video finds its scores.
#[derive(Clone, Debug, PartialEq)]
enum Rows {
    /// By name.
    Named(HashMap<String, Vec<f64>>),
    /// By the number at the end of its name, from 1.
    Numbered(Vec<Vec<f64>>),
}

impl VideoClassifier {
    /// Class names in the order of the file.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The best `count` classes of a video with their scores, best first; none when the classifier does not know the video. Of equal
    /// scores the earlier class comes first as in CUHK's readers, else the later, as in OpenTAD's others (spec 9.5).
    #[must_use]
    pub fn top(&self, video: &str, count: usize) -> Option<Vec<(String, f64)>> {
        let scores = match &self.rows {
            Rows::Named(rows) => rows.get(video)?,
            Rows::Numbered(rows) => rows.get(trailing_number(video)?.checked_sub(1)?)?,
        };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| {
            scores[b].total_cmp(&scores[a]).then(if self.earlier_first { a.cmp(&b) } else { b.cmp(&a) })
        });
        Some(order.into_iter().take(count).map(|class| (self.classes[class].clone(), scores[class])).collect())
    }
}

/// The last four characters of a THUMOS name are the video's number.
fn trailing_number(video: &str) -> Option<usize> {
    video.get(video.len().checked_sub(4)?..)?.parse().ok()
}

/// Reads a classifier in JSON: `{"results": {video: [score …]}, "class": [name …]}`, the form of CUHK's ActivityNet scores and
/// of OpenTAD's generic classifier.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, is not JSON, or a video has not one finite score a class.
pub fn read_json(path: &Path, form: Form) -> Result<VideoClassifier, FormatError> {
    let value = json::parse(&read_text(path)?, path)?;
    let root = Node::root(&value, path);
    let names = match root.optional("class")? {
        Some(names) => names,
        None if form != Form::Cuhk => root.member("classes")?,
        None => root.member("class")?,
    };
    let classes: Vec<String> =
        names.entries()?.map(|entry| entry.text().map(str::to_owned)).collect::<Result<_, _>>()?;
    let results = root.member("results")?;
    let mut rows = HashMap::new();
    for (video, node) in results.members()? {
        let entries = node.entries()?;
        if entries.len() != classes.len() {
            return Err(node.wrong(&format!("has {} scores for {} classes", entries.len(), classes.len())));
        }
        let scores: Vec<f64> = entries.map(|entry| entry.number()).collect::<Result<_, _>>()?;
        rows.insert(
            video.to_owned(),
            if form == (Form::Generic { softmax: true }) { softmax_of(&scores) } else { scores },
        );
    }
    Ok(VideoClassifier { classes, rows: Rows::Named(rows), earlier_first: form == Form::Cuhk })
}

/// Reads UntrimmedNet's THUMOS scores: a `.npy` array `[videos, 101]` over UCF101, of which the 20 THUMOS classes are taken.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, has another shape or a score that is not finite.
pub fn read_untrimmed_net(path: &Path) -> Result<VideoClassifier, FormatError> {
    let array = read_array(path)?;
    let [_, columns] = array.shape;
    if columns != 101 {
        let problem =
            format!("has {columns} columns; UntrimmedNet's scores have one for each of the 101 UCF101 classes");
        return Err(FormatError::shape(path, "the array", problem));
    }
    if let Some(odd) = array.values.iter().position(|score| !score.is_finite()) {
        let place = format!("row {}, column {}", odd / columns, odd % columns);
        return Err(FormatError::shape(path, place, "is not a finite number; get the file anew"));
    }
    let row = |scores: &[f32]| THUMOS_CLASSES.iter().map(|&(id, _)| f64::from(scores[id - 1])).collect();
    Ok(VideoClassifier {
        classes: THUMOS_CLASSES.iter().map(|&(_, name)| name.to_owned()).collect(),
        rows: Rows::Numbered(array.values.chunks_exact(columns).map(row).collect()),
        earlier_first: false,
    })
}

fn softmax_of(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    #[test]
    fn the_best_classes_come_first_and_of_equals_the_earlier_only_for_cuhk() {
        let file = file(r#"{"class": ["a", "b", "c"], "results": {"v": [0.5, 0.5, 0.1], "w": [0, 1, 2]}}"#);
        let classifier = read_json(file.path(), Form::Cuhk).expect("reads");
        assert_eq!(classifier.top("v", 2), Some(vec![("a".to_owned(), 0.5), ("b".to_owned(), 0.5)]));
        let generic = read_json(file.path(), Form::Generic { softmax: false }).expect("reads");
        assert_eq!(generic.top("v", 2), Some(vec![("b".to_owned(), 0.5), ("a".to_owned(), 0.5)]));
        assert_eq!(classifier.top("other", 2), None);
        let normalised = read_json(file.path(), Form::Generic { softmax: true }).expect("reads");
        let top = normalised.top("w", 3).expect("known");
        assert_eq!(top.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
        let total = 1.0 + (-1.0f64).exp() + (-2.0f64).exp();
        assert!((top[0].1 - 1.0 / total).abs() < 1e-12 && (top[2].1 - (-2.0f64).exp() / total).abs() < 1e-12);
    }

    #[test]
    fn only_generic_files_may_call_their_names_classes() {
        let file = file(r#"{"classes": ["a", "b"], "results": {"v": [0.1, 0.9]}}"#);
        let classifier = read_json(file.path(), Form::Generic { softmax: false }).expect("reads");
        assert_eq!(classifier.top("v", 1), Some(vec![("b".to_owned(), 0.9)]));
        assert!(read_json(file.path(), Form::Cuhk).expect_err("another key").to_string().contains("'class'"));
    }

    #[test]
    fn a_row_of_another_length_is_named() {
        let file = file(r#"{"class": ["a", "b"], "results": {"v": [0.5]}}"#);
        let message = read_json(file.path(), Form::Cuhk).expect_err("short").to_string();
        assert!(message.contains("'results', 'v' has 1 scores for 2 classes"), "{message}");
    }

    #[test]
    fn a_score_that_is_no_number_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut values = vec![0.5; 2 * 101];
        values[101 + 7] = f32::NAN;
        let scores = crate::formats::features::Features { length: 2, channels: 101, values };
        crate::formats::features::write(file.path(), &scores).expect("written");
        let told = read_untrimmed_net(file.path()).expect_err("NaN").to_string();
        assert!(told.contains("row 1, column 7 is not a finite number"), "{told}");
    }

    #[test]
    fn video_numbers_are_the_last_four_characters() {
        assert_eq!(trailing_number("video_test_0000324"), Some(324));
        assert_eq!(trailing_number("v12"), None);
        assert_eq!(trailing_number("clip_abcd"), None);
    }
}
