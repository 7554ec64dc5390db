//! egui: panels draw State and send commands.
//!
//! One way round: jobs and people make inputs, [`crate::state::update`] changes the state and answers with effects, `effects`
//! alone carries them out. Panels see the state and can only send commands.

mod calibration;
#[cfg(test)]
mod colour_blind;
mod dialogs;
mod effects;
mod farewell;
mod forecast;
mod frame_times;
mod headless;
mod health;
mod icons;
mod keepers;
mod keys;
mod layout;
mod paint;
mod panels;
mod picture;
mod processes;
mod recipes;
mod runs;
mod sentence;
mod strip;
mod theme;
mod toasts;
mod top_bar;
mod welcome;
mod widgets;
mod workbench;

use std::path::PathBuf;

use anyhow::Context as _;

pub use headless::{Drawn, Headless};
pub use layout::Panel;
pub use paint::{MapUniforms, VideoPaint, VideoUniforms, WHOLE};
pub use workbench::Workbench;

/// How the window starts.
#[derive(Clone, Debug)]
pub struct AppOptions {
    /// What to open: a project folder, a folder, or videos. Nothing shows the welcome page.
    pub paths: Vec<PathBuf>,
    /// The executable that trains and detects in processes of its own.
    pub etad: PathBuf,
}

impl AppOptions {
    /// Opens `paths`, with this very executable as the one that trains.
    ///
    /// # Errors
    /// When the system does not tell where this executable is.
    pub fn new(paths: Vec<PathBuf>) -> anyhow::Result<Self> {
        let etad = std::env::current_exe().context("cannot find the path of the etad executable")?;
        Ok(Self { paths, etad })
    }
}

/// There is nowhere to show a window.
#[derive(Debug, thiserror::Error)]
#[error("no display can be reached ({0}); start etad on a desktop, or use the commands (etad --help)")]
struct NoDisplay(String);

impl NoDisplay {
    /// With what was tried, and the reason without the place in somebody's source file that comes before it.
    fn because(reason: &str) -> Self {
        let reason =
            reason.strip_prefix("os error at ").and_then(|rest| rest.split_once(": ")).map_or(reason, |(_, why)| why);
        let tried = |name: &str| {
            std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| format!("{name}={value}"))
        };
        let tried: Vec<String> = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().filter_map(tried).collect();
        let reason = reason.trim_end_matches('.');
        Self(if tried.is_empty() { reason.to_owned() } else { format!("{}: {reason}", tried.join(", ")) })
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When no window or no GPU surface (a software one will do) can be had.
pub fn run(options: AppOptions) -> anyhow::Result<()> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("ETAD Workbench")
        .with_app_id("etad")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([760.0, 480.0])
        .with_drag_and_drop(true);
    let native = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    eframe::run_native("etad", native, Box::new(|creation| Ok(Box::new(Workbench::new(creation, options)?)))).map_err(
        |error| match error {
            eframe::Error::WinitEventLoop(error) => NoDisplay::because(&error.to_string()).into(),
            error => anyhow::anyhow!(
                "cannot open a window: {error}; without a GPU install a software Vulkan driver (mesa-vulkan-drivers)"
            ),
        },
    )
}
