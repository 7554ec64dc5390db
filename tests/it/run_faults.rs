//! What can befall a run folder: each is one sentence that a person can act on, and nothing that was saved is lost.

use std::fs;
use std::process::Child;

use etad::config;
use etad::domain::Event;
use etad::model::weights::Weights;

use crate::tiny_run::{Tiny, check_refused, said, wait};

fn is_step(event: &Event) -> bool {
    matches!(event, Event::Step { .. })
}

fn kill(mut child: Child) {
    child.kill().expect("killed");
    child.wait().expect("a child");
}

fn warnings(tiny: &Tiny, run: &str, words: &str) -> usize {
    let warns = |event: &Event| matches!(event, Event::Warning { message } if message.contains(words));
    tiny.events(run).iter().filter(|event| warns(&event.event)).count()
}

#[test]
fn a_run_that_ended_before_its_first_checkpoint_is_no_dead_end() {
    let tiny = Tiny::new();
    // What is wrong beforehand makes no folder.
    tiny.refused("none", &["data.annotations=absent.json"], 2, &["absent.json"]);
    tiny.refused("none", &["--init", "absent.pth"], 2, &["absent.pth"]);
    tiny.refused("none", &["data.crop=99"], 2, &["data.crop"]);
    assert!(!tiny.path("none").exists());
    // Neither does a folder that holds a killed run refuse a new one, nor a resume.
    for (run, extra) in [("resumed", &["--resume"][..]), ("anew", &["seed=5"])] {
        let child = tiny.start(run, &["workflow.save_minutes=0", "solver.epochs=50", "workflow.report_interval=1"]);
        tiny.wait_for(run, is_step);
        kill(child);
        assert!(!tiny.path(run).join("checkpoints/last.safetensors").exists(), "killed before its first checkpoint");
        tiny.done(run, &[extra, &["solver.epochs=1"]].concat());
        assert!(tiny.history(run).iter().any(|event| matches!(event, Event::Done { .. })));
    }
    assert_eq!(warnings(&tiny, "resumed", "begins at step 0"), 1);
    assert!(tiny.path("anew/events.1.jsonl").exists(), "the events before are kept");
    tiny.refused("anew", &[], 2, &["--resume", "--run"]);
}

#[test]
fn another_configuration_or_other_data_does_not_go_on_in_silence() {
    let tiny = Tiny::new();
    tiny.done("run", &["solver.epochs=1"]);
    let written = || fs::read_to_string(tiny.path("run/config.toml")).expect("a configuration");
    let before = written();
    tiny.refused("run", &["--resume"], 0, &[]);
    let after = written();
    assert!(before != after, "steps: the epochs may grow from 1 to the recipe's 2");
    let other = ["--resume", "solver.batch_size=3", "seed=8"];
    tiny.refused("run", &other, 2, &["solver.batch_size (2, now 3)", "seed (42, now 8)", "--init"]);
    let shorter = ["--resume", "solver.epochs=1"];
    tiny.refused("run", &shorter, 2, &["solver.epochs (2, now 1)"]);
    assert_eq!(written(), after, "what is refused changes nothing");
    tiny.done("run", &["--resume", "solver.workers=2", "solver.threads=1", "workflow.report_interval=1"]);
    let annotations = tiny.path("annotations.json");
    let text = fs::read_to_string(&annotations).expect("annotations");
    fs::write(&annotations, text.replace("\"down\"", "\"up\"")).expect("written");
    tiny.refused("run", &["--resume"], 2, &["labels", "put the old file back"]);
}

#[test]
fn a_deleted_run_folder_ends_the_run_and_stays_deleted() {
    let tiny = Tiny::new();
    let child = tiny.start("run", &["solver.epochs=500", "workflow.save_minutes=0.01"]);
    tiny.wait_for("run", is_step);
    fs::remove_dir_all(tiny.path("run")).ok();
    wait("deletion", || fs::remove_dir_all(tiny.path("run")).is_err() && !tiny.path("run").exists());
    let output = child.wait_with_output().expect("a child");
    check_refused(&output, 1, &["events.jsonl was deleted"]);
    assert!(!tiny.path("run").exists(), "it does not come back");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_an_unwritable_folder_end_the_run_and_leave_the_checkpoint_before() {
    let tiny = Tiny::new();
    let breaks: [(&str, &dyn Fn()); 2] = [
        ("No space left on device", &|| {
            let part = tiny.path("run/checkpoints/last.state.part");
            // The file may be there just now.
            wait("free name", || std::os::unix::fs::symlink("/dev/full", &part).is_ok());
        }),
        ("checkpoints", &|| {
            fs::rename(tiny.path("run/checkpoints"), tiny.path("run/aside")).expect("renamed");
            // A file where the folder belongs; permissions would not stop the root user of a container.
            fs::write(tiny.path("run/checkpoints"), "").expect("written");
        }),
    ];
    let mut resume = Vec::new();
    for (words, breaks) in breaks {
        let begun = tiny.events("run").len();
        let extra = [&["solver.epochs=500", "workflow.save_minutes=0.01"], &resume[..]].concat();
        let child = tiny.start("run", &extra);
        wait("a checkpoint", || {
            let saved = |event: &Event| matches!(event, Event::Checkpoint { step: 1.., .. });
            tiny.path("run").exists() && tiny.events("run").iter().skip(begun + 5).any(|event| saved(&event.event))
        });
        breaks();
        let output = child.wait_with_output().expect("a child");
        check_refused(&output, 1, &["cannot write", words, "make room", "--resume"]);
        let failed = |event: &Event| matches!(event, Event::Failed { message } if message.contains("cannot write"));
        assert!(tiny.events("run").iter().any(|event| failed(&event.event)), "{}", said(&output));
        if tiny.path("run/aside").exists() {
            fs::remove_file(tiny.path("run/checkpoints")).expect("removed");
            fs::rename(tiny.path("run/aside"), tiny.path("run/checkpoints")).expect("renamed");
        }
        resume = vec!["--resume"];
    }
    let child = tiny.start("run", &["solver.epochs=500", "--resume"]);
    let steps =
        || tiny.events("run").iter().rev().take_while(|event| !matches!(event.event, Event::Resumed { .. })).count();
    wait("a run that goes on", || steps() > 3);
    kill(child);
}

#[test]
fn a_damaged_video_is_named_once_and_trains_the_same_however_it_is_read() {
    let tiny = Tiny::new();
    let path = tiny.path("v1.mp4");
    let mut bytes = fs::read(&path).expect("a video");
    // In the middle of the pictures; the index stands at the end.
    let data = bytes.windows(4).position(|four| four == b"mdat").expect("pictures");
    let end = bytes.windows(4).rposition(|four| four == b"moov").filter(|&end| end > data).unwrap_or(bytes.len());
    for at in (data + (end - data) / 3..data + (end - data) * 2 / 3).step_by(3) {
        bytes[at] = bytes[at].wrapping_mul(31).wrapping_add(17);
    }
    fs::write(&path, bytes).expect("written");
    tiny.done("run", &["solver.epochs=1"]);
    assert_eq!(warnings(&tiny, "run", "v1.mp4"), 1, "{:?}", tiny.events("run"));
    tiny.done("run", &["solver.epochs=2", "--resume"]);
    assert_eq!(warnings(&tiny, "run", "v1.mp4"), 1, "a resume does not repeat it");
    // What the codec makes up is the same however it is read.
    tiny.done("otherwise", &["solver.epochs=2", "solver.workers=3", "solver.frame_cache=0"]);
    let weights = |run: &str| Weights::read(&tiny.path(run).join("checkpoints/last.safetensors")).expect(run).tensors;
    assert!(weights("otherwise") == weights("run"));
}

#[test]
fn a_fixed_epoch_is_the_best_and_the_epochs_that_a_recipe_keeps_stay() {
    let tiny = Tiny::new();
    tiny.done("fixed", &["solver.epochs=5", "workflow.test_epoch=1", "workflow.eval_interval=2"]);
    let epoch = |run: &str, name: &str| {
        let path = tiny.path(run).join(format!("checkpoints/{name}.safetensors"));
        Weights::read(&path).expect(name).metadata["epoch"].clone()
    };
    assert_eq!(epoch("fixed", "best"), "2", "after epoch 1, the next is 2");
    let kept = |run: &str| {
        (0..5)
            .filter(|epoch| tiny.path(run).join(format!("checkpoints/epoch_{epoch:03}.safetensors")).exists())
            .collect::<Vec<_>>()
    };
    assert_eq!(kept("fixed"), [1, 3, 4]);
    let last = tiny.history("fixed").pop();
    assert!(matches!(last, Some(Event::Done { best_epoch: Some(1), .. })), "{last:?}");
    tiny.done("kept", &["solver.epochs=5", "workflow.keep_from=1", "workflow.eval_interval=0"]);
    assert_eq!(kept("kept"), [1, 2, 3, 4]);
    // Nothing was evaluated, so there is no best.
    let run = tiny.path("kept");
    tiny.done("from-last", &["--init", run.to_str().expect("UTF-8"), "solver.epochs=1"]);
    assert_eq!(warnings(&tiny, "from-last", "no best checkpoint"), 1);
    tiny.refused("from-none", &["--init", tiny.path("").to_str().expect("UTF-8")], 2, &["neither", ".pth"]);
}

#[test]
fn drafts_that_do_not_count_leave_training_and_evaluation() {
    let tiny = Tiny::new();
    let annotations = tiny.path("annotations.json");
    let text = fs::read_to_string(&annotations).expect("annotations");
    // One class altogether: "down" is in v1, which trains, and v3, which is evaluated.
    let marked = text.replace("\"label\": \"down\"", "\"label\": \"down\", \"draft\": true");
    assert_ne!(marked, text);
    fs::write(&annotations, marked).expect("written");
    let classes = |run: &str| {
        let events = tiny.events(run).into_iter();
        events
            .filter_map(|event| if let Event::Start { classes, .. } = event.event { Some(classes) } else { None })
            .next_back()
            .expect("a start")
    };
    let judged = |run: &str| {
        let evals = tiny.history(run).into_iter();
        evals
            .filter_map(|event| {
                if let Event::Eval { per_class, .. } = event { Some(per_class.into_keys().collect()) } else { None }
            })
            .next_back()
            .unwrap_or_else(Vec::<String>::new)
    };
    tiny.done("with", &["solver.epochs=1"]);
    let both = vec!["down".to_owned(), "right".to_owned()];
    assert_eq!((classes("with"), judged("with")), (both.clone(), both));
    tiny.done("without", &["solver.epochs=1", "data.drafts=false"]);
    assert_eq!((classes("without"), judged("without")), (vec!["right".to_owned()], vec!["right".to_owned()]));
}

#[test]
fn another_set_of_classes_goes_on_from_a_run() {
    let tiny = Tiny::new();
    tiny.done("two", &["solver.epochs=1"]);
    let annotations = tiny.path("annotations.json");
    let text = fs::read_to_string(&annotations).expect("annotations");
    fs::write(&annotations, text.replace("\"down\"", "\"up\"")).expect("written");
    let two = tiny.path("two");
    tiny.done("renamed", &["--init", two.to_str().expect("UTF-8"), "solver.epochs=1"]);
    assert_eq!(warnings(&tiny, "renamed", "new, from drawn weights: up; dropped: down"), 1);
    // What it started from is saved before the first step: a kill there needs no second --init.
    let child = tiny.start("killed", &["--init", two.to_str().expect("UTF-8"), "workflow.save_minutes=0"]);
    tiny.wait_for("killed", |event| matches!(event, Event::Checkpoint { step: 0, .. }));
    kill(child);
    tiny.done("killed", &["--resume", "solver.epochs=2"]);
    tiny.done("straight", &["--init", two.to_str().expect("UTF-8")]);
    let weights =
        |run: &str| Weights::read(&tiny.path(run).join("checkpoints/last.safetensors")).expect("weights").tensors;
    assert!(weights("killed") == weights("straight"));
}

#[test]
fn the_number_of_threads_is_the_recipes() {
    let tiny = Tiny::new();
    let started = |run: &str| {
        let events = tiny.events(run).into_iter();
        let mut device =
            events.filter_map(|event| if let Event::Start { device, .. } = event.event { Some(device) } else { None });
        device.next_back().expect("a start")
    };
    tiny.done("one", &["solver.threads=1", "solver.epochs=1"]);
    tiny.done("three", &["solver.threads=3", "solver.epochs=1"]);
    assert!(started("one").contains("1 thread)") && started("three").contains("3 threads)"), "{}", started("three"));
    let weights =
        |run: &str| Weights::read(&tiny.path(run).join("checkpoints/last.safetensors")).expect("weights").tensors;
    assert!(weights("one") == weights("three"), "the number of threads changes no bit");
    assert!(config::load(&tiny.path("one/config.toml"), &[]).is_ok(), "a run's own configuration is a recipe");
}

/// Frames of a first run serve the next one: its video files hold nothing any more but have the size and time that they had.
#[test]
fn frames_kept_on_the_disk_are_those_of_the_videos_and_nothing_is_decoded_twice() {
    let tiny = Tiny::new();
    let cached = ["data.disk_cache=frames", "data.window_jitter=false"];
    tiny.done("without", &["data.window_jitter=false"]);
    // In a folder that is named the times of all frames are kept too, however quickly they were counted.
    let done = |run: &str, extra: &[&str]| {
        let output = tiny.train(run, extra).env("ETAD_CACHE", tiny.path("times")).output().expect("etad starts");
        assert!(output.status.success(), "{extra:?}: {}", said(&output));
    };
    done("with", &cached);
    assert_eq!(tiny.history("with"), tiny.history("without"));
    let kept = || -> Vec<std::path::PathBuf> {
        let folders = fs::read_dir(tiny.path("frames")).expect("a cache").flatten();
        let frames = folders.flat_map(|folder| fs::read_dir(folder.path()).expect("a folder").flatten());
        let times = fs::read_dir(tiny.path("times/index")).expect("indices").flatten();
        frames.chain(times).map(|file| file.path()).collect()
    };
    let files = kept();
    assert!(files.iter().any(|file| file.extension().is_some_and(|extension| extension == "json")), "{files:?}");
    assert!(files.iter().any(|file| file.extension().is_some_and(|extension| extension == "frames")), "{files:?}");
    let mut films = Vec::new();
    for index in 0..5 {
        let path = tiny.path(&format!("v{index}.mp4"));
        let (film, time) = (fs::read(&path).expect("a film"), fs::metadata(&path).and_then(|meta| meta.modified()));
        let set = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("written");
            let file = fs::File::options().append(true).open(&path).expect("opened");
            file.set_modified(*time.as_ref().expect("a time")).expect("set");
        };
        set(&vec![0; film.len()]);
        films.push((path.clone(), film, time.expect("a time")));
    }
    done("again", &cached);
    assert_eq!(tiny.history("again"), tiny.history("without"));
    // Broken, they are decoded anew.
    for (path, film, time) in films {
        fs::write(&path, film).expect("written");
        let file = fs::File::options().append(true).open(&path).expect("opened");
        file.set_modified(time).expect("set");
    }
    for file in files {
        let whole = fs::read(&file).expect("read");
        fs::write(&file, &whole[..whole.len() / 2]).expect("written");
    }
    done("mended", &cached);
    assert_eq!(tiny.history("mended"), tiny.history("without"));
    // A limit of 0 keeps nothing, and is no obstacle.
    tiny.done("none", &["data.disk_cache=nothing", "data.disk_cache_limit=0", "data.window_jitter=false"]);
    assert!(!tiny.path("nothing").exists());
}
