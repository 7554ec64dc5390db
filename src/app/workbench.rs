//! The eframe application: takes in reports under a time budget, draws, turns commands into effects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use egui::{CentralPanel, Frame, TextureHandle, TextureOptions, ThemePreference};

use crate::state::{Annotate, Command, Input, Settings, State, ThemeChoice, Wish, update};

use super::calibration::Exercise;
use super::effects::{Effects, Message};
use super::frame_times::FrameTimes;
use super::keys::Keys;
use super::layout::{self, Panel, Panes};
use super::panels::View;
use super::strip::Strip;
use super::theme::Themes;
use super::toasts::Toasts;
use super::{AppOptions, farewell, top_bar, welcome};

/// Most time that taking in reports may take before a picture is drawn.
const BUDGET: Duration = Duration::from_millis(8);

/// Pictures that a software rasteriser draws again after the last change. Mesa's lavapipe (seen with 22.3) shows a picture of
/// its swapchain before it is drawn, that is an older one; as many equal ones as the chain is long make that harmless.
const ECHOES: u32 = 5;

/// Under which name the settings are kept; the number changes when older ones would not fit.
const SETTINGS: &str = "etad.settings.1";

/// The window.
pub struct Workbench {
    state: State,
    effects: Effects,
    themes: Themes,
    tree: egui_tiles::Tree<Panel>,
    thumbnails: BTreeMap<usize, TextureHandle>,
    strip: Strip,
    surface: Option<wgpu::TextureFormat>,
    toasts: Toasts,
    keys: Keys,
    calibration: Exercise,
    /// Whether a CPU draws.
    software: bool,
    /// Pictures since the last change.
    quiet: u32,
    /// What of the settings egui was told last.
    applied: Option<(ThemeChoice, f32)>,
    title: String,
    frame_times: Option<FrameTimes>,
}

impl Workbench {
    /// Makes the window with what was remembered, and begins to open what it was started with.
    ///
    /// # Errors
    /// When the theme that was built in is not right.
    pub fn new(creation: &eframe::CreationContext<'_>, options: AppOptions) -> anyhow::Result<Self> {
        let ctx = &creation.egui_ctx;
        let themes = Themes::load()?;
        themes.install(ctx);
        // The size of everything is a setting of ours, with keys of ours.
        ctx.options_mut(|egui| egui.zoom_with_keyboard = false);
        let kept = |key: &str| creation.storage.and_then(|storage| storage.get_string(key));
        let settings: Option<Settings> = kept(SETTINGS).and_then(|text| serde_json::from_str(&text).ok());
        let tree = kept(layout::KEY).and_then(|text| layout::restored(&text)).unwrap_or_else(layout::default_tree);
        let state = State { settings: settings.unwrap_or_default().validated(), ..State::default() };
        let mut workbench = Self {
            state,
            effects: Effects::new(ctx.clone(), options.etad),
            themes,
            tree,
            thumbnails: BTreeMap::new(),
            strip: Strip::default(),
            surface: creation.wgpu_render_state.as_ref().map(|render| render.target_format),
            toasts: Toasts::default(),
            keys: Keys::default(),
            calibration: Exercise::default(),
            software: creation
                .wgpu_render_state
                .as_ref()
                .is_some_and(|render| render.adapter.get_info().device_type == wgpu::DeviceType::Cpu),
            quiet: 0,
            applied: None,
            title: String::new(),
            frame_times: FrameTimes::from_environment(),
        };
        workbench.apply_settings(ctx);
        if !options.paths.is_empty() {
            workbench.input(Input::Command(Command::Open(options.paths)));
        }
        Ok(workbench)
    }

    /// What the window knows, for tests.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Sends a command as a panel would, for tests and scripts.
    pub fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    fn input(&mut self, input: Input) {
        self.quiet = 0;
        for effect in update(&mut self.state, input) {
            self.effects.perform(effect);
        }
    }

    /// Takes in what jobs have to say, for at most [`BUDGET`]; asks to be called again if more waits.
    fn drain(&mut self, ctx: &egui::Context) {
        let begin = Instant::now();
        while let Some(message) = self.effects.next_message() {
            match message {
                Message::Report(report) => self.input(Input::Report(report)),
                Message::Strip { generation, part } => self.strip.take(ctx, generation, part),
                Message::Thumbnail { generation, index, picture } => {
                    self.thumbnails.retain(|_, _| generation >= self.state.library.generation);
                    if generation == self.state.library.generation {
                        let image = egui::ColorImage::from_rgb([picture.width, picture.height], &picture.data);
                        let texture = ctx.load_texture(format!("thumbnail {index}"), image, TextureOptions::LINEAR);
                        self.thumbnails.insert(index, texture);
                    }
                }
            }
            if begin.elapsed() > BUDGET {
                ctx.request_repaint();
                return;
            }
        }
    }

    fn apply_settings(&mut self, ctx: &egui::Context) {
        let wanted = (self.state.settings.theme, self.state.settings.scale);
        if self.applied == Some(wanted) {
            return;
        }
        self.applied = Some(wanted);
        ctx.set_theme(match wanted.0 {
            ThemeChoice::Dark => ThemePreference::Dark,
            ThemeChoice::Light => ThemePreference::Light,
            ThemeChoice::System => ThemePreference::System,
        });
        ctx.set_zoom_factor(wanted.1);
    }

    fn apply_title(&mut self, ctx: &egui::Context) {
        let project = self.state.project.as_ref().map(|project| project.name.as_str());
        let title = project.map_or("ETAD Workbench".to_owned(), |name| format!("{name} - ETAD Workbench"));
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

impl eframe::App for Workbench {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        if let Some(times) = &mut self.frame_times {
            times.begin(self.effects.picture().map_or(0, |showing| showing.sequence));
        }
        self.drain(ctx);
        if ctx.input(|input| input.viewport().close_requested()) && !self.state.may_leave() {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.input(Input::Command(Annotate::Close.into()));
        }
        self.effects.repeat(self.state.editing.looping);
        let (reports, next) = self.effects.tick(Instant::now());
        reports.into_iter().for_each(|report| self.input(Input::Report(report)));
        if let Some(after) = next {
            ctx.request_repaint_after(after);
        }
        self.apply_settings(ctx);
        self.apply_title(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut commands = Vec::new();
        let theme = self.themes.current(&ctx).clone();
        if let Some(panel) = self.keys.read(&ctx, &self.state, &mut commands) {
            layout::bring(&mut self.tree, panel);
        }
        let reset = top_bar::show(ui, &theme, &self.state, &mut self.keys.help, &mut commands);
        if reset {
            self.tree = layout::default_tree();
        }
        CentralPanel::default().frame(Frame::new().fill(theme.ground())).show(ui, |ui| {
            if self.state.project.is_none() {
                welcome::show(ui, &theme, &self.state, &mut commands);
                return;
            }
            let mut view = View {
                state: &self.state,
                theme: &theme,
                thumbnails: &self.thumbnails,
                picture: self.effects.picture(),
                strip: self.strip.of(self.state.playback.generation),
                stats: self.effects.stats().filter(|_| self.state.playback.stats),
                surface: self.surface,
                commands: &mut commands,
            };
            self.tree.ui(&mut Panes { view: &mut view }, ui);
        });
        self.toasts.show(&ctx, &theme, &self.state.notices, &mut commands);
        if self.keys.help {
            self.keys.page(&ctx, &theme, &self.state, &mut commands);
        }
        if let Some(importing) = &self.state.editing.importing {
            top_bar::import_preview(&ctx, &theme, importing, &mut commands);
        }
        if self.state.editing.calibration.is_some() {
            self.calibration.show(&ctx, &theme, &self.state, &mut commands);
        }
        farewell::show(&ctx, &theme, &self.state, &mut commands);
        welcome::drop_target(&ctx, &theme, &mut commands);
        let asked =
            |state: &State| (state.editing.asked_to_find + state.editing.asked_for_table, state.library.asked_to_find);
        let (asked_for_table, asked_for_video) = asked(&self.state);
        for command in commands {
            if let Command::Wish(Wish::Panel(number)) = command
                && let Some(panel) = Panel::ALL.get(number)
            {
                layout::bring(&mut self.tree, *panel);
            }
            self.input(Input::Command(command));
        }
        if asked(&self.state).0 != asked_for_table {
            layout::bring(&mut self.tree, Panel::Segments);
        }
        if asked(&self.state).1 != asked_for_video {
            layout::bring(&mut self.tree, Panel::Library);
        }
        self.keys.remember(&ctx);
        if !ctx.input(|input| input.raw.events.is_empty()) {
            self.quiet = 0;
        }
        self.quiet += 1;
        if self.software && self.quiet <= ECHOES {
            ctx.request_repaint();
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        // Both are plain data; what cannot be written is not remembered.
        for (key, text) in
            [(SETTINGS, serde_json::to_string(&self.state.settings)), (layout::KEY, serde_json::to_string(&self.tree))]
        {
            match text {
                Ok(text) => storage.set_string(key, text),
                Err(error) => tracing::warn!("{key} is not remembered: {error}"),
            }
        }
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}
