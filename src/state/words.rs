//! Times and shares as people read them.

/// A time in a video: "1:02.36", with hours when there are any.
#[must_use]
pub fn clock_text(seconds: f64) -> String {
    let sign = if seconds < -0.005 { "-" } else { "" };
    let hundredths = (seconds.abs() * 100.0).round() as u64;
    let (whole, part) = (hundredths / 100, hundredths % 100);
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{seconds:02}.{part:02}")
    } else {
        format!("{sign}{minutes}:{seconds:02}.{part:02}")
    }
}

/// The length of a video: "0:42", "1:02:03".
#[must_use]
pub fn length_text(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A waiting time, as coarse as it is certain: "under a minute", "12 min", "3 h 20 min".
#[must_use]
pub fn wait_text(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil().max(0.0) as u64;
    match minutes {
        0 | 1 => "under a minute".to_owned(),
        2..60 => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// How long something took, where there is little room: "42 s", "12 min", "3.4 h".
#[must_use]
pub fn taken_text(seconds: f64) -> String {
    match seconds {
        ..59.5 => format!("{:.0} s", seconds.max(0.0)),
        ..3570.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// An amount of memory: "120 MB", "1.2 GB".
#[must_use]
pub fn size_text(bytes: u64) -> String {
    let size = bytes as f64;
    if size < 0.95e9 { format!("{:.0} MB", size / 1e6) } else { format!("{:.1} GB", size / 1e9) }
}

/// A share as percent with one decimal: "45.3 %".
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(clock_text(62.356), "1:02.36");
        assert_eq!(clock_text(3723.0), "1:02:03.00");
        assert_eq!(clock_text(59.999), "1:00.00");
        assert_eq!(length_text(41.6), "0:42");
        assert_eq!(length_text(3723.0), "1:02:03");
        assert_eq!(wait_text(20.0), "under a minute");
        assert_eq!(wait_text(601.0), "11 min");
        assert_eq!([42.4, 720.0, 12_240.0].map(taken_text), ["42 s", "12 min", "3.4 h"]);
        assert_eq!(wait_text(12_000.0), "3 h 20 min");
        assert_eq!((size_text(120_400_000), size_text(15_620_000_000)), ("120 MB".to_owned(), "15.6 GB".to_owned()));
        assert_eq!(percent(0.4532), "45.3 %");
    }
}
