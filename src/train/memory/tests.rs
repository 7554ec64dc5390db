//! The estimate against what processes really take.

use std::process::Command;

use super::*;
use crate::config::parse;
use crate::domain::ClassList;
use crate::train::checkpoint::fresh;
use crate::train::item::{Clips, Input, Item};
use crate::train::loader::Batch;
use crate::train::report::process_memory_peak;
use crate::train::step::{Pulse, Rates};
use crate::train::targets::Truth;
use crate::train::windows::Window;

const AT_ONCE: &str = "ETAD_TEST_AT_ONCE";

/// An encoder whose chunks weigh, and a detector that does not.
const RECIPE: &str = "
    [model]
    in_channels = 128
    hidden = 32
    norm_groups = 4
    tscale = 64
    dscale = 16
    head = { features = 16, fcs = 1, fc_channels = 16, stages = [0.5], classes = false }
    [encoder]
    arch = \"r2plus1d\"
    norm = \"group\"
    blocks = [1, 1, 1]
    widths = [32, 64, 128]
    stem_mid = 16
    stem_width = 32
    stem_kernel = 3
    temporal_strides = [1, 2, 2]
    spatial_strides = [2, 2, 2]
    snippet_ratio = 1.0
    [data]
    clip_length = 8
    crop = 56
    resize_width = 64
    resize_height = 64
    [solver]
    batch_size = 1
    frame_cache = 0
";

fn config(settings: &[&str]) -> Config {
    let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    parse(RECIPE, "a test", &settings).expect("valid")
}

fn meter(config: &Config) -> (Meter, Engine) {
    let device = Device::flex();
    let engine = fresh(config, &ClassList::default(), &device.clone().autodiff());
    (Meter::new(config, &engine, (10, 0.0), &device), engine)
}

fn batch(config: &Config) -> Batch {
    let (side, length, time) = (config.data.crop, config.data.clip_length, config.model.tscale);
    let item = Item {
        video: "v".to_owned(),
        duration: 8.0,
        window: Window { start: 0.0, length: 8.0 },
        input: Input::Clips(Clips {
            frames: vec![100; 16 * 3 * side * side],
            index: (0..time * length).map(|place| (place % 16) as u32).collect(),
            length,
            side,
        }),
        mask: vec![1.0; time],
        truth: Truth { segments: vec![[1.0, 9.0]], classes: vec![0], ignored: Vec::new(), ..Truth::default() },
    };
    Batch { items: vec![item], broken: Vec::new() }
}

/// What the children of the next test do; without being one, nothing.
#[test]
fn a_step_in_a_process_of_its_own() {
    let Ok(at_once) = std::env::var(AT_ONCE) else { return };
    let config = config(&[&format!("encoder.at_once={at_once}")]);
    let (meter, mut engine) = meter(&config);
    let meter = meter.seen(16);
    let (estimate, batch) = (meter.estimate(&config), batch(&config));
    drop(meter);
    let rates = Rates { detector: 1e-3, encoder: 1e-3 };
    engine.step(&batch, 0, rates, false, &mut || Pulse::Go).expect("a step");
    println!("MEASURED {} {}", estimate.needed, process_memory_peak().unwrap_or(0));
}

#[test]
fn the_estimate_grows_with_the_chunk_as_processes_do() {
    let run = |at_once: usize| {
        let name = "train::memory::tests::a_step_in_a_process_of_its_own";
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        let output = command.args(["--exact", name, "--nocapture"]).env(AT_ONCE, at_once.to_string()).output();
        let text = String::from_utf8(output.expect("a child").stdout).expect("text");
        let line = text.lines().find_map(|line| line.split_once("MEASURED ")).expect("measured").1.to_owned();
        let numbers: Vec<f64> = line.split(' ').map(|number| number.parse::<f64>().expect("a number") / 1e6).collect();
        (numbers[0], numbers[1])
    };
    let (few, many) = (run(4), run(64));
    println!(
        "4 at once: estimated {:.0} MB, took {:.0}; 64: estimated {:.0}, took {:.0}",
        few.0, few.1, many.0, many.1
    );
    if few.1 == 0.0 {
        println!("this system does not tell the memory of a process");
        return;
    }
    // Half as much again either way: threads do not reach their peaks at the same moment, and allocators keep what they were given.
    for (estimated, took) in [few, many] {
        assert!(estimated < 1.5 * took && took < 1.5 * estimated, "estimated {estimated:.0} MB, took {took:.0} MB");
    }
    let (estimated, took) = (many.0 - few.0, many.1 - few.1);
    assert!(
        estimated > 5.0 && estimated < 2.0 * took && took < 2.0 * estimated,
        "grows by {estimated:.0}, {took:.0} MB"
    );
}

#[test]
fn auto_takes_the_largest_power_of_two_that_fits_and_advice_is_what_fits() {
    let auto = config(&["encoder.chunk=auto"]);
    let (meter, _) = meter(&auto);
    let needs = |at_once: usize| meter.estimate(&config(&[&format!("encoder.at_once={at_once}")])).needed;
    assert!(needs(1) < needs(8) && needs(8) < needs(64));
    let budget = |bytes| Some(Budget { bytes, configured: true });
    assert_eq!(meter.at_once(&auto, budget(needs(8))), 8);
    assert_eq!(meter.at_once(&auto, budget(needs(8) - 1)), 4);
    assert_eq!(meter.at_once(&auto, budget(1)), 1);
    assert_eq!(meter.at_once(&auto, budget(u64::MAX)), 64, "more than there are gains nothing");
    assert_eq!(meter.at_once(&auto, None), 4, "where nobody tells, the reference's");
    assert_eq!(meter.at_once(&config(&["encoder.chunk=16"]), budget(1)), 16, "what a person chose stays");

    let large = config(&["encoder.chunk=64"]);
    let room = |bytes: u64| Budget { bytes, configured: false };
    assert_eq!(meter.advice(&large, room(2 * needs(64))), None);
    let some = room((needs(16) as f64 / USABLE) as u64 + 1);
    let said = meter.advice(&large, some).expect("too much");
    assert!(said.contains("set encoder.at_once = 16 (about ") && said.contains(" are free: "), "{said}");
    let said = meter.advice(&large, room(1)).expect("far too much");
    assert!(said.ends_with("a device with more memory"), "{said}");
}

#[test]
fn parameters_are_counted_exactly() {
    let config = config(&["encoder.frozen_stages=2"]);
    let (meter, engine) = meter(&config);
    let estimate = meter.estimate(&config);
    let (trained, frozen) = meter.encoder;
    assert!(trained > 0 && frozen > 0);
    let all =
        crate::model::weights::Weights::default().with(engine.encoder.as_ref().expect("one")).with(&engine.detector);
    let stored: u64 = all.tensors.values().map(|array| array.values.len() as u64 * FLOAT).sum();
    let copy = meter.native.as_ref().map_or(0, NativeEncoder::weight_bytes);
    assert_eq!((estimate.weights, copy), (stored + copy, (trained + frozen) * FLOAT));
    assert_eq!(estimate.moments, 2 * estimate.gradients);
}
