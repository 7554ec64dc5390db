//! Loss and times of the steps since the last report; the loss stays on the device until then.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};

use super::error::TrainError;
use super::step::Stepped;
use crate::domain::{LossTerm, Seconds};

/// Steps that are not reported yet.
pub struct Report {
    names: Vec<String>,
    /// Terms that are on the host already (saved or resumed).
    rows: Vec<Vec<f32>>,
    /// Terms still on the device, with step and videos.
    waiting: Vec<(usize, Vec<String>, Tensor<1>)>,
    /// Seconds of the last step.
    pub seconds: Seconds,
    waited: f64,
    since: Instant,
}

impl Report {
    /// A report that begins with steps of before a resume.
    #[must_use]
    pub fn new(rows: Vec<Vec<f32>>) -> Self {
        Self {
            names: Vec::new(),
            rows,
            waiting: Vec::new(),
            seconds: Seconds::default(),
            waited: 0.0,
            since: Instant::now(),
        }
    }

    /// Adds a step that waited `data` seconds for its batch.
    pub fn add(&mut self, step: usize, videos: Vec<String>, stepped: Stepped, data: f64) {
        self.names = stepped.names;
        self.waiting.push((step, videos, stepped.terms));
        self.seconds = Seconds { data, ..stepped.seconds };
        self.waited += data;
    }

    /// Leaves time that was not spent on steps out of the share of waiting.
    pub fn leave_out(&mut self, time: Duration) {
        self.since = self.since.checked_add(time).map_or_else(Instant::now, |since| since.min(Instant::now()));
    }

    /// Reads back what is still on the device.
    ///
    /// # Errors
    /// When a term is not finite: the first, with its step and videos.
    pub fn read(&mut self) -> Result<&[Vec<f32>], TrainError> {
        for (step, videos, terms) in self.waiting.drain(..) {
            let row: Vec<f32> = terms.into_data().iter::<f32>().collect();
            // The sum comes first; the term that spoilt it says more.
            let odd = row.iter().skip(1).position(|value| !value.is_finite()).map(|at| at + 1);
            if let Some(at) = odd.or_else(|| row.first().filter(|cost| !cost.is_finite()).map(|_| 0)) {
                return Err(TrainError::NotFinite {
                    term: self.names.get(at).cloned().unwrap_or_default(),
                    step,
                    videos: videos.join(", "),
                });
            }
            self.rows.push(row);
        }
        Ok(&self.rows)
    }

    /// Mean loss, mean terms and share of time spent waiting since the last report, which starts anew.
    ///
    /// # Errors
    /// As [`Report::read`].
    pub fn take(&mut self) -> Result<(f64, LossTerm, f64), TrainError> {
        self.read()?;
        let mut rows = std::mem::take(&mut self.rows);
        // Steps of before a resume may come from a version of the program that knew other terms.
        rows.retain(|row| row.len() == self.names.len());
        let mean = |at: usize| rows.iter().map(|row| f64::from(row[at])).sum::<f64>() / rows.len().max(1) as f64;
        let terms = self.names.iter().enumerate().skip(1).map(|(at, name)| (name.clone(), mean(at))).collect();
        let share = self.waited / self.since.elapsed().as_secs_f64().max(1e-9);
        self.waited = 0.0;
        self.since = Instant::now();
        Ok((mean(0), terms, share.min(1.0)))
    }
}

/// Bytes in use on the device, where it tells.
#[must_use]
pub fn device_memory(device: &Device) -> Option<u64> {
    device.memory_pool_usage().map(|usage| usage.bytes_in_use)
}

/// Bytes that the device keeps for this process, in use or for reuse, where it tells.
#[must_use]
pub fn device_reserved(device: &Device) -> Option<u64> {
    device.memory_pool_usage().map(|usage| usage.bytes_reserved)
}

/// Bytes of memory of this process, where the system tells.
#[must_use]
pub fn process_memory() -> Option<u64> {
    status_bytes("VmRSS:")
}

/// Highest [`process_memory`] so far.
#[must_use]
pub fn process_memory_peak() -> Option<u64> {
    status_bytes("VmHWM:")
}

/// An entry of Linux' account of this process; other systems have none there.
fn status_bytes(entry: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(entry))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::step::GRADIENT_NORM;

    fn stepped(values: [f32; 3]) -> Stepped {
        let names = ["cost", "loss_tem", GRADIENT_NORM].map(str::to_owned).to_vec();
        Stepped { names, terms: Tensor::from_data(values, &Device::flex()), seconds: Seconds::default() }
    }

    #[test]
    fn a_gradient_that_is_no_number_is_blamed_on_its_own_step() {
        let mut report = Report::new(Vec::new());
        for (step, norm) in [(4, 1.0), (5, f32::NAN), (6, f32::NAN)] {
            let cost = if step == 6 { f32::NAN } else { 2.0 };
            report.add(step, vec![format!("video{step}")], stepped([cost, cost, norm]), 0.0);
        }
        let said = report.read().expect_err("no number").to_string();
        assert!(said.contains(GRADIENT_NORM) && said.contains("step 5") && said.contains("video5"), "{said}");
        let mut report = Report::new(Vec::new());
        report.add(7, vec!["a".to_owned()], stepped([f32::NAN, f32::INFINITY, f32::NAN]), 0.0);
        let said = report.read().expect_err("no number").to_string();
        assert!(said.starts_with("loss_tem") && said.contains("step 7"), "the loss comes before its gradient: {said}");
    }

    #[test]
    fn evaluations_and_pauses_are_no_part_of_the_share_of_waiting() {
        let mut report = Report::new(Vec::new());
        std::thread::sleep(Duration::from_millis(40));
        report.add(0, Vec::new(), stepped([1.0; 3]), 0.02);
        std::thread::sleep(Duration::from_millis(60));
        report.leave_out(Duration::from_millis(60));
        let (_, _, share) = report.take().expect("numbers");
        assert!((0.2..=0.5).contains(&share), "20 of 40 ms: {share}");
    }

    #[test]
    fn steps_that_another_version_saved_with_other_terms_are_left_out() {
        let mut report = Report::new(vec![vec![9.0, 9.0], vec![8.0, 8.0, 1.0]]);
        report.add(3, Vec::new(), stepped([2.0, 1.0, 3.0]), 0.0);
        let (loss, terms, _) = report.take().expect("numbers");
        assert_eq!((loss, terms["loss_tem"], terms[GRADIENT_NORM]), (5.0, 4.5, 2.0));
    }
}
