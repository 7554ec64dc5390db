//! Carries out what the state asks for. The only place of the window that owns threads, channels and processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::{Detections, Failure, Footage, Segment, TimeRange};
use crate::formats;
use crate::jobs::evidence;
use crate::jobs::follow::{Followed, Follower};
use crate::jobs::keeper::Ask;
use crate::jobs::look::{Look, Looker};
use crate::jobs::review::{ReviewRequest, Reviewer};
use crate::jobs::screen::{Screen, ScreenEvent, ScreenStats, Showing};
use crate::jobs::speaker::Speaker;
use crate::jobs::strip::{StripPart, Stripper};
use crate::project;
use crate::run;
use crate::state::{Effect, PlayerRequest, Report, VideoFacts};
use crate::video::RgbImage;

use super::keepers::Keepers;
use super::sentence::sentence;
use super::{dialogs, forecast, health, processes, recipes, runs};

/// What reaches the window from its jobs.
#[derive(Debug)]
pub enum Message {
    /// For the state.
    Report(Report),
    /// A part of what stands along the timeline of the open video.
    Strip {
        /// [`crate::state::Playback::generation`] when the video was opened.
        generation: u64,
        /// The part.
        part: StripPart,
    },
    /// A small picture, which the state has no place for.
    Thumbnail {
        /// [`crate::state::Library::generation`] when it was asked for.
        generation: u64,
        /// Index in the library.
        index: usize,
        /// The picture.
        picture: RgbImage,
    },
}

/// How long the start of a training waits for the annotation file.
const SAVED_FIRST: Duration = Duration::from_secs(2);

/// Reports that wait at most; a job that has more to say waits itself.
const WAITING: usize = 1024;

/// The jobs' way to the window.
#[derive(Clone)]
pub struct Outbox {
    messages: Sender<Message>,
    pub(super) ctx: egui::Context,
}

impl Outbox {
    /// Tells the state something and wakes the window.
    pub fn report(&self, report: Report) {
        self.send(Message::Report(report));
    }

    fn send(&self, message: Message) {
        // A window that is gone needs to know nothing.
        if self.messages.send(message).is_ok() {
            self.ctx.request_repaint();
        }
    }

    /// Runs `work` on a named thread of its own.
    pub fn spawn(&self, name: &str, work: impl FnOnce(&Self) + Send + 'static) {
        let outbox = self.clone();
        if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&outbox)) {
            self.report(Report::Failed(no_thread(name, &error)));
        }
    }
}

pub(super) fn no_thread(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("The system gives no thread for the {name} ({error}); close other programs and try again."))
}

/// Owner of all jobs.
pub struct Effects {
    etad: PathBuf,
    outbox: Outbox,
    /// Goes before the keepers, which would wait for somebody to listen.
    messages: Receiver<Message>,
    screen: Option<(u64, Screen)>,
    strip: Option<Stripper>,
    follower: Option<Follower>,
    looker: Option<Looker>,
    detection: Option<Arc<AtomicBool>>,
    health: Option<Arc<AtomicBool>>,
    forecast: Option<Arc<AtomicBool>>,
    finder: runs::Finder,
    reviewer: Option<Reviewer>,
    /// Runs that are followed beside.
    beside: BTreeMap<PathBuf, Follower>,
    keepers: Keepers,
}

impl Drop for Effects {
    fn drop(&mut self) {
        // It would go on for nobody.
        stop(&mut self.forecast);
    }
}

impl Effects {
    /// No job yet. `etad` is the executable that trains and detects.
    #[must_use]
    pub fn new(ctx: egui::Context, etad: PathBuf) -> Self {
        let (sender, messages) = bounded(WAITING);
        let outbox = Outbox { messages: sender, ctx };
        Self {
            keepers: Keepers::new(outbox.clone()),
            etad,
            outbox,
            messages,
            screen: None,
            strip: None,
            follower: None,
            looker: None,
            detection: None,
            health: None,
            forecast: None,
            finder: runs::Finder::default(),
            reviewer: None,
            beside: BTreeMap::new(),
        }
    }

    /// The next message, if one waits.
    #[must_use]
    pub fn next_message(&self) -> Option<Message> {
        self.messages.try_recv().ok()
    }

    /// The picture that the player shows.
    #[must_use]
    pub fn picture(&self) -> Option<Showing> {
        let (generation, screen) = self.screen.as_ref()?;
        let showing = screen.picture()?;
        // Numbers of different videos must differ too, or the last picture of one would stand for the first of the next.
        Some(Showing { sequence: (generation << 40) | showing.sequence, ..showing })
    }

    /// Lets the player play a segment again and again, or none.
    pub fn repeat(&mut self, segment: Option<Segment>) {
        let range = segment.map(|[start, end]| TimeRange::from_secs(start, end));
        self.with_screen(|screen| screen.repeat(range));
    }

    /// How playing goes.
    #[must_use]
    pub fn stats(&self) -> Option<ScreenStats> {
        self.screen.as_ref().map(|(_, screen)| screen.stats(Instant::now()))
    }

    /// Lets the player show what is due; returns what happened and when to tick again.
    pub fn tick(&mut self, now: Instant) -> (Vec<Report>, Option<Duration>) {
        let Some((generation, screen)) = &mut self.screen else { return (Vec::new(), None) };
        let generation = *generation;
        let (events, next) = screen.tick(now);
        let indexed = events.iter().any(|event| matches!(event, ScreenEvent::Ready { .. }));
        let times = indexed.then(|| Report::FrameTimes { generation, times: screen.times() });
        let report = |event| match event {
            ScreenEvent::Ready { length, frames, warnings, streams } => {
                Report::VideoReady { generation, length, frames, warnings, streams }
            }
            ScreenEvent::Trouble(why) => Report::Failed(Failure::new(why)),
            ScreenEvent::Failed(why) => Report::VideoFailed { generation, failure: Failure::new(why) },
            ScreenEvent::Shown { time, frame } => Report::Shown { generation, time, frame },
            ScreenEvent::Waiting(waiting) => Report::Waiting(waiting),
            ScreenEvent::Ended => Report::PlaybackEnded { generation },
        };
        (events.into_iter().map(report).chain(times).collect(), next)
    }

    /// Carries out an effect. Never waits: what takes time goes to a thread.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open(paths) => self.keepers.open(paths),
            Effect::Adopt(opened) => self.keepers.adopt(opened),
            Effect::Keep(entries) => self.keepers.ask(Ask::Keep(entries)),
            Effect::SaveAnnotations => self.keepers.save_now(Duration::ZERO),
            Effect::TakeOver => self.keepers.ask(Ask::TakeOver),
            Effect::Close => self.outbox.ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Effect::AskElsewhere => dialogs::ask_file(&self.outbox, crate::state::Wanted::Elsewhere),
            Effect::SaveElsewhere { path, last, document } => {
                dialogs::save_elsewhere(&self.outbox, path, last, document);
            }
            Effect::AskFolder => dialogs::ask_folder(&self.outbox),
            Effect::AskVideos => dialogs::ask_videos(&self.outbox),
            Effect::AskFile(wanted) => dialogs::ask_file(&self.outbox, wanted),
            Effect::AskExport { form, folder, detections } => {
                dialogs::ask_export(&self.outbox, form, folder, detections);
            }
            Effect::ReadAnnotations(path) => self.outbox.spawn("annotations reader", move |outbox| {
                let read = project::incoming(&path).map(Box::new).map_err(|error| Failure::new(sentence(&error)));
                outbox.report(Report::AnnotationsRead(read));
            }),
            Effect::ExportAnnotations { form, folder, document } => {
                dialogs::export_annotations(&self.outbox, form, folder, document);
            }
            Effect::Look { generation, files } => self.look(generation, files),
            Effect::Player(request) => self.player(request),
            Effect::ListChoices { root } => self.list_choices(root),
            Effect::CheckHealth { config, overrides, root, dataset, media, classes, initialised, asked } => {
                stop(&mut self.health);
                let stop = Arc::new(AtomicBool::new(false));
                self.health = Some(stop.clone());
                self.outbox.spawn("health check", move |outbox| {
                    let data = health::Data { dataset: *dataset, media, classes, initialised, asked };
                    health::check(&config, &overrides, &root, data, &stop, &|found| {
                        outbox.report(Report::Health(found));
                    });
                });
            }
            Effect::Forecast { number, request } => {
                let cancel = Arc::new(AtomicBool::new(false));
                self.forecast = Some(cancel.clone());
                forecast::ask(&self.outbox, self.etad.clone(), number, request, cancel);
            }
            Effect::CancelForecast => stop(&mut self.forecast),
            Effect::FindRuns(folder) => self.finder.find(&self.outbox, folder),
            Effect::ReadConfig(path) => self.outbox.spawn("recipe reader", move |outbox| {
                let text = std::fs::read_to_string(&path).ok();
                outbox.report(Report::ConfigText { path, text });
            }),
            Effect::ReadResults(path) => self.outbox.spawn("predictions reader", move |outbox| {
                let detections = formats::results::read(&path).map_err(|error| Failure::new(sentence(&error)));
                outbox.report(Report::ResultsRead { path, detections });
            }),
            Effect::FollowBeside(folder) => {
                if let Some(follower) = self.follower_of(folder.clone()) {
                    self.beside.insert(folder, follower);
                }
            }
            Effect::UnfollowBeside(folder) => drop(self.beside.remove(&folder)),
            Effect::Train(request) => {
                // The training reads the same videos and tells what it finds.
                stop(&mut self.health);
                // And the annotation file, which must have what was just edited.
                self.keepers.save_now(SAVED_FIRST);
                processes::train(&self.outbox, self.etad.clone(), request);
            }
            Effect::Control { folder, what } => self.outbox.spawn("run control", move |outbox| {
                if let Err(error) = run::send(&folder, what) {
                    outbox.report(Report::Failed(Failure::new(sentence(&error))));
                }
            }),
            Effect::Follow(folder) => self.follow(folder),
            Effect::Unfollow => self.follower = None,
            Effect::CheckRun => {
                if let Some(follower) = &self.follower {
                    follower.check();
                }
            }
            Effect::ReadPredictions { folder, files } => self.outbox.spawn("predictions reader", move |outbox| {
                for (epoch, file) in files.into_iter().rev() {
                    let detections: Result<Detections, Failure> =
                        formats::results::read(&folder.join(file)).map_err(|error| Failure::new(sentence(&error)));
                    outbox.report(Report::EpochPredictions { folder: folder.clone(), epoch, detections });
                }
            }),
            Effect::Detect { job, checkpoint, device, videos, evidence } => {
                let cancel = Arc::new(AtomicBool::new(false));
                self.detection = Some(cancel.clone());
                processes::detect(
                    &self.outbox,
                    self.etad.clone(),
                    processes::Detection { job, checkpoint, device, videos, evidence, cancel },
                );
            }
            Effect::Review(request) => self.review(request),
            Effect::AskSave { name, folder, contents } => {
                dialogs::ask_save(&self.outbox, name, folder, move || Ok(contents));
            }
            Effect::Picture { name, folder, place } => super::picture::save(&self.outbox, name, folder, place),
            Effect::ReadEvidence { folders, video, names } => self.outbox.spawn("evidence reader", move |outbox| {
                let found = evidence::find(&folders, &names);
                let evidence = found.map(|found| found.map(Box::new)).map_err(Failure::new);
                outbox.report(Report::EvidenceRead { video, evidence });
            }),
            Effect::ReadLog(folder) => self.outbox.spawn("log reader", move |outbox| {
                // A run that printed nothing yet has no log.
                let text = runs::end_of(&folder.join(run::LOG)).unwrap_or_default();
                outbox.report(Report::Log { folder, text });
            }),
            Effect::Attention => {
                let wish = egui::UserAttentionType::Informational;
                self.outbox.ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(wish));
            }
            Effect::CancelDetect => stop(&mut self.detection),
        }
    }

    fn look(&mut self, generation: u64, files: Vec<(usize, Footage)>) {
        let outbox = self.outbox.clone();
        let report = move |index, look: Result<Look, String>| {
            let facts = look.map(|look| {
                let Look { duration, frame, warnings, picture } = look;
                let facts = VideoFacts { duration, frame, warnings, thumbnail: true };
                outbox.send(Message::Thumbnail { generation, index, picture });
                facts
            });
            outbox.report(Report::Looked { generation, index, facts });
        };
        match Looker::start(files, report) {
            Ok(looker) => self.looker = Some(looker),
            Err(error) => self.outbox.report(Report::Failed(no_thread("small pictures", &error))),
        }
    }

    fn player(&mut self, request: PlayerRequest) {
        let now = Instant::now();
        match request {
            PlayerRequest::Open { footage, generation } => {
                self.close_screen();
                let ctx = self.outbox.ctx.clone();
                let sound = Box::new(Speaker::new(&footage.path));
                match Screen::open(footage.clone(), now, Some(sound), move || ctx.request_repaint()) {
                    Ok(screen) => self.screen = Some((generation, screen)),
                    Err(error) => {
                        let failure = Failure::new(sentence(&error));
                        self.outbox.report(Report::VideoFailed { generation, failure });
                    }
                }
                self.make_strip(footage, generation);
            }
            PlayerRequest::Close => self.close_screen(),
            PlayerRequest::Play { speed } => self.with_screen(|screen| screen.play(now, speed)),
            PlayerRequest::Seek(time) => self.with_screen(|screen| screen.seek(now, time)),
            PlayerRequest::Step(frames) => self.with_screen(|screen| screen.step(now, frames)),
        }
        self.outbox.ctx.request_repaint();
    }

    fn make_strip(&mut self, footage: Footage, generation: u64) {
        let outbox = self.outbox.clone();
        match Stripper::start(footage, move |part| outbox.send(Message::Strip { generation, part })) {
            Ok(strip) => self.strip = Some(strip),
            Err(error) => self.outbox.report(Report::Failed(no_thread("pictures along the timeline", &error))),
        }
    }

    fn with_screen(&mut self, act: impl FnOnce(&mut Screen)) {
        if let Some((_, screen)) = &mut self.screen {
            act(screen);
        }
    }

    /// Closing waits for the decoder, so it happens elsewhere.
    fn close_screen(&mut self) {
        self.strip = None;
        if let Some(screen) = self.screen.take() {
            self.outbox.spawn("player end", move |_| drop(screen));
        }
    }

    fn follow(&mut self, folder: PathBuf) {
        // The earlier one must be gone before the new one speaks.
        self.follower = None;
        self.follower = self.follower_of(folder);
    }

    fn follower_of(&self, folder: PathBuf) -> Option<Follower> {
        let outbox = self.outbox.clone();
        let of = folder.clone();
        let report = move |said| {
            let folder = of.clone();
            outbox.report(match said {
                Followed::Events(events) => Report::RunEvents { folder, events },
                Followed::Alive(alive) => Report::RunChecked { folder, alive },
                Followed::Unreadable(why) => Report::Failed(Failure::new(why)),
            });
        };
        let started = Follower::start(folder, report);
        started.map_err(|error| self.outbox.report(Report::Failed(no_thread("run follower", &error)))).ok()
    }

    fn review(&mut self, request: ReviewRequest) {
        if self.reviewer.is_none() {
            let outbox = self.outbox.clone();
            match Reviewer::start(move |reviewed| outbox.report(Report::Reviewed(Box::new(reviewed)))) {
                Ok(reviewer) => self.reviewer = Some(reviewer),
                Err(error) => self.outbox.report(Report::Failed(no_thread("comparison", &error))),
            }
        }
        if let Some(reviewer) = &self.reviewer {
            reviewer.ask(request);
        }
    }

    fn list_choices(&self, root: PathBuf) {
        let etad = self.etad.clone();
        self.outbox.spawn("choices", move |outbox| {
            outbox.report(Report::Configs(recipes::configs(&root, &etad)));
            outbox.report(Report::Devices(processes::devices(&etad)));
        });
    }
}

/// Tells a job that it is not wanted any more.
fn stop(job: &mut Option<Arc<AtomicBool>>) {
    if let Some(stop) = job.take() {
        stop.store(true, Ordering::Relaxed);
    }
}
