//! Numbers that no run can use, told before it starts.

use super::Config;

/// Which numbers a key takes.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// Above 0.
    Positive,
    /// At least 0.
    NotNegative,
    /// 0 to 1.
    Share,
    /// Above 0 and at most 1.
    PositiveShare,
    /// At least 0 and below 1.
    ProperShare,
    /// At least 0 and at most this.
    UpTo(f64),
}

impl Range {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Positive => value > 0.0,
            Self::NotNegative => value >= 0.0,
            Self::Share => (0.0..=1.0).contains(&value),
            Self::PositiveShare => value > 0.0 && value <= 1.0,
            Self::ProperShare => (0.0..1.0).contains(&value),
            Self::UpTo(most) => (0.0..=most).contains(&value),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Positive => "above 0".to_owned(),
            Self::NotNegative => "at least 0".to_owned(),
            Self::Share => "from 0 to 1".to_owned(),
            Self::PositiveShare => "above 0 and at most 1".to_owned(),
            Self::ProperShare => "at least 0 and below 1".to_owned(),
            Self::UpTo(most) => format!("from 0 to {most}"),
        }
    }
}

/// Keys with a range. Sizes of the network are in `model::contradiction`, where they depend on one another.
const RANGES: [(&str, Range); 35] = [
    ("encoder.chunk", Range::Positive),
    ("encoder.snippet_ratio", Range::PositiveShare),
    ("encoder.norm_epsilon", Range::Positive),
    ("data.window_seconds", Range::Positive),
    ("data.window_overlap", Range::ProperShare),
    ("data.feature_stride", Range::Positive),
    ("data.completeness", Range::ProperShare),
    ("data.clip_length", Range::Positive),
    ("data.frame_rate", Range::Positive),
    ("data.crop", Range::Positive),
    ("data.test_crop", Range::Positive),
    ("data.augment.flip", Range::Share),
    ("data.augment.random_operations", Range::UpTo(15.0)),
    ("data.augment.random_magnitude", Range::UpTo(10.0)),
    ("data.augment.brightness", Range::NotNegative),
    ("data.augment.contrast", Range::NotNegative),
    ("data.augment.saturation", Range::NotNegative),
    ("data.augment.hue", Range::UpTo(0.5)),
    ("loss.class_negatives", Range::NotNegative),
    ("solver.batch_size", Range::Positive),
    ("solver.clip_norm", Range::NotNegative),
    ("optimizer.detector_rate", Range::NotNegative),
    ("optimizer.encoder_rate", Range::NotNegative),
    ("optimizer.weight_decay", Range::NotNegative),
    ("scheduler.gamma", Range::NotNegative),
    ("scheduler.floor", Range::Share),
    ("post.nms.iou_threshold", Range::ProperShare),
    ("post.nms.sigma", Range::Positive),
    ("post.nms.max_detections", Range::Positive),
    ("post.nms.min_score", Range::NotNegative),
    ("post.nms.voting_threshold", Range::Share),
    ("post.classifier.top", Range::Positive),
    ("workflow.report_interval", Range::Positive),
    ("workflow.checkpoint_interval", Range::Positive),
    ("workflow.save_minutes", Range::NotNegative),
];

impl Config {
    /// The first number that no run can use, as a sentence for a person: one that is not finite, or out of its key's range.
    #[must_use]
    pub fn out_of_range(&self) -> Option<String> {
        // A configuration always serialises; if not, there is nothing to say about its numbers.
        let table = toml::Table::try_from(self).ok()?;
        let odd = not_finite("", &table).map(|path| format!("{path} is not a finite number"));
        odd.or_else(|| {
            RANGES.iter().find_map(|&(path, range)| {
                let value = number(&table, path)?;
                (!range.holds(value)).then(|| format!("{path} is {value}; it must be {}", range.words()))
            })
        })
        .or_else(|| {
            let right = |tiou: &f64| *tiou > 0.0 && *tiou <= 1.0;
            let tious = &self.eval.tious;
            (tious.is_empty() || !tious.iter().all(right))
                .then(|| "eval.tious must name thresholds above 0 and at most 1".to_owned())
        })
    }
}

/// The number at a dotted path.
fn number(table: &toml::Table, path: &str) -> Option<f64> {
    match path.split_once('.') {
        Some((section, rest)) => number(table.get(section)?.as_table()?, rest),
        None => table.get(path).and_then(|value| value.as_float().or(value.as_integer().map(|whole| whole as f64))),
    }
}

/// Path of the first NaN or infinity; TOML has words for both.
fn not_finite(path: &str, table: &toml::Table) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let odd = |value: &toml::Value| value.as_float().is_some_and(|number| !number.is_finite());
        match value {
            toml::Value::Table(below) => not_finite(&path, below),
            toml::Value::Array(entries) => entries.iter().any(odd).then_some(path),
            value => odd(value).then_some(path),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn told(setting: &str) -> Option<String> {
        parse("", "test", &[setting.to_owned()]).expect("valid").out_of_range()
    }

    #[test]
    fn defaults_are_in_range_and_every_range_is_of_a_number() {
        let config = Config::default();
        assert_eq!(config.out_of_range(), None);
        let table = toml::Table::try_from(&config).expect("serialises");
        for (path, _) in RANGES {
            assert!(number(&table, path).is_some(), "{path}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_named_with_what_they_must_be() {
        for (setting, sentence) in [
            ("post.nms.sigma=0", "post.nms.sigma is 0; it must be above 0"),
            ("data.window_overlap=1.0", "data.window_overlap is 1; it must be at least 0 and below 1"),
            ("data.window_overlap=-0.5", "data.window_overlap is -0.5; it must be at least 0 and below 1"),
            ("solver.batch_size=0", "solver.batch_size is 0; it must be above 0"),
            ("data.feature_stride=0", "data.feature_stride is 0; it must be above 0"),
            ("post.classifier.top=0", "post.classifier.top is 0; it must be above 0"),
            ("optimizer.detector_rate=-1e-3", "optimizer.detector_rate is -0.001; it must be at least 0"),
            ("optimizer.detector_rate=nan", "optimizer.detector_rate is not a finite number"),
            ("model.head.stages=[0.7, inf]", "model.head.stages is not a finite number"),
            ("eval.tious=[0.5, 0.0]", "eval.tious must name thresholds above 0 and at most 1"),
        ] {
            assert_eq!(told(setting).as_deref(), Some(sentence));
        }
    }
}
