//! Dated copies of the annotation file.

use std::io;
use std::path::{Path, PathBuf};

use super::{Disk, replace};

/// Seconds between copies at least.
const EVERY: f64 = 600.0;
/// Copies of the last hours that are kept; of older ones the first of each day stays.
const KEPT: usize = 24;
/// First copies of older days that are kept.
const DAYS: usize = 60;

/// Copies the file as it is on the disk, when the last copy is old enough; old copies but the first of each day go.
pub(super) fn copy_if_due(disk: &mut dyn Disk, folder: &Path, current: &[u8], now: f64) -> io::Result<()> {
    let mut copies = list(disk, folder);
    let newest = copies.last().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    if newest.is_some_and(|newest| newest > name(now - EVERY) && newest <= name(now)) {
        return Ok(());
    }
    disk.make_folder(folder)?;
    let path = folder.join(format!("{}.json", name(now)));
    replace(disk, &path, current)?;
    copies.push(path);
    let old = copies.len().saturating_sub(KEPT);
    let day = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().chars().take(22).collect::<String>());
    let (mut days, mut gone) = (Vec::new(), Vec::new());
    for at in 0..old {
        let same = at > 0 && day(&copies[at]) == day(&copies[at - 1]);
        if same { &mut gone } else { &mut days }.push(&copies[at]);
    }
    gone.extend(days.iter().take(days.len().saturating_sub(DAYS)));
    gone.into_iter().try_for_each(|path| disk.remove(path))
}

fn list(disk: &mut dyn Disk, folder: &Path) -> Vec<PathBuf> {
    let mut copies = disk.list(folder).unwrap_or_default();
    copies.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    copies.sort();
    copies
}

/// "annotations-2026-11-23T14-05-09" of a unix time in seconds, UTC: names sort as their times do.
pub(super) fn name(time: f64) -> String {
    let seconds = time.max(0.0) as u64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date by eras of 400 years that begin in March, where a leap day comes last.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("annotations-{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}")
}

#[cfg(test)]
mod tests {
    use super::super::RealDisk;
    use super::*;

    #[test]
    fn names_are_dates() {
        assert_eq!(name(0.0), "annotations-1970-01-01T00-00-00");
        assert_eq!(name(951_827_696.0), "annotations-2000-02-29T12-34-56");
        assert_eq!(name(1_795_442_709.5), "annotations-2026-11-23T14-05-09");
    }

    #[test]
    fn copies_are_spaced_and_old_days_keep_one() {
        let folder = tempfile::tempdir().expect("folder");
        let mut disk = RealDisk;
        let start = 1_795_392_000.0; // midnight
        for quarter in 0..192 {
            for second in [0.0, 30.0] {
                copy_if_due(&mut disk, folder.path(), b"{}", start + f64::from(quarter) * 900.0 + second)
                    .expect("kept");
            }
        }
        let copies = list(&mut disk, folder.path());
        assert_eq!(copies.len(), KEPT + 2, "{copies:?}");
        assert!(copies[0].ends_with("annotations-2026-11-23T00-00-00.json"), "{copies:?}");
        assert!(copies[1].ends_with("annotations-2026-11-24T00-00-00.json"), "{copies:?}");
        for day in 2..200 {
            copy_if_due(&mut disk, folder.path(), b"{}", start + f64::from(day) * 86_400.0).expect("kept");
        }
        assert_eq!(list(&mut disk, folder.path()).len(), KEPT + DAYS, "their number is limited");
    }
}
