//! Keys: which does what, and the page that lists them.

use egui::{Context, Grid, Key, Modifiers, Window};

use crate::state::{Command, Inspect, Settings, State};

use super::layout::Panel;
use super::theme::Theme;
use super::widgets::strong;

/// A key, what is held with it, and how it is written.
struct Binding {
    modifiers: Modifiers,
    key: Key,
    command: fn(&State) -> Command,
}

const fn plain(key: Key, command: fn(&State) -> Command) -> Binding {
    Binding { modifiers: Modifiers::NONE, key, command }
}

const fn held(modifiers: Modifiers, key: Key, command: fn(&State) -> Command) -> Binding {
    Binding { modifiers, key, command }
}

/// Those with more held first: egui takes the first that fits.
const BINDINGS: &[Binding] = &[
    held(Modifiers::COMMAND, Key::O, |_| Command::ChooseFolder),
    held(Modifiers::COMMAND, Key::T, |_| Command::Train),
    held(Modifiers::COMMAND, Key::Plus, |state| Command::SetScale(scale(state, 1))),
    held(Modifiers::COMMAND, Key::Equals, |state| Command::SetScale(scale(state, 1))),
    held(Modifiers::COMMAND, Key::Minus, |state| Command::SetScale(scale(state, -1))),
    held(Modifiers::COMMAND, Key::Num0, |_| Command::SetScale(1.0)),
    held(Modifiers::COMMAND, Key::ArrowLeft, |_| Command::StepFrames(-10)),
    held(Modifiers::COMMAND, Key::ArrowRight, |_| Command::StepFrames(10)),
    held(Modifiers::SHIFT, Key::ArrowLeft, |_| Command::SeekBy(-1.0)),
    held(Modifiers::SHIFT, Key::ArrowRight, |_| Command::SeekBy(1.0)),
    held(Modifiers::SHIFT, Key::N, |_| Command::Inspect(Inspect::Next(-1))),
    plain(Key::N, |_| Command::Inspect(Inspect::Next(1))),
    plain(Key::ArrowLeft, |_| Command::StepFrames(-1)),
    plain(Key::ArrowRight, |_| Command::StepFrames(1)),
    plain(Key::D, |_| Command::StepFrames(-1)),
    plain(Key::F, |_| Command::StepFrames(1)),
    plain(Key::Space, |_| Command::TogglePlay),
    plain(Key::J, |_| Command::Shuttle(-1.0)),
    plain(Key::K, |_| Command::Pause),
    plain(Key::L, |_| Command::Shuttle(1.0)),
    plain(Key::OpenBracket, |_| Command::StepSpeed(-1)),
    plain(Key::CloseBracket, |_| Command::StepSpeed(1)),
    plain(Key::PageUp, |_| Command::SelectNext(-1)),
    plain(Key::PageDown, |_| Command::SelectNext(1)),
    plain(Key::F2, |_| Command::FitTimeline),
];

/// The next size up or down.
fn scale(state: &State, direction: i32) -> f32 {
    let now = state.settings.scale;
    let mut sizes = Settings::SCALES.into_iter();
    if direction > 0 {
        sizes.find(|&size| size > now + 0.01).unwrap_or(2.0)
    } else {
        sizes.rfind(|&size| size < now - 0.01).unwrap_or(0.75)
    }
}

/// With Ctrl, these lead to the panels in their order.
const DIGITS: [Key; 8] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8];

/// Turns keys into commands; returns the panel that was asked for. While a person types, only Escape is ours, and leaves the field.
pub fn read(ctx: &Context, state: &State, help: &mut bool, commands: &mut Vec<Command>) -> Option<Panel> {
    if ctx.text_edit_focused() {
        return None;
    }
    ctx.input_mut(|input| {
        for binding in BINDINGS {
            if input.consume_key(binding.modifiers, binding.key) {
                commands.push((binding.command)(state));
            }
        }
        let asked = input.consume_key(Modifiers::NONE, Key::F1)
            || input.consume_key(Modifiers::SHIFT, Key::Questionmark)
            || input.consume_key(Modifiers::NONE, Key::Questionmark);
        if asked {
            *help = !*help;
        }
        if *help && input.consume_key(Modifiers::NONE, Key::Escape) {
            *help = false;
        }
        let mut panels = DIGITS.into_iter().zip(Panel::ALL);
        panels.find(|(key, _)| input.consume_key(Modifiers::COMMAND, *key)).map(|(_, panel)| panel)
    })
}

const HELP: &[(&str, &str)] = &[
    ("Space", "play, pause"),
    ("J  K  L", "play backward, stop, play forward; again: faster"),
    ("Left  Right, or D  F", "one frame"),
    ("Ctrl+Left  Ctrl+Right", "ten frames"),
    ("Shift+Left  Shift+Right", "one second"),
    ("[  ]", "slower, faster"),
    ("Page up  Page down", "video before, next video"),
    ("Ctrl+wheel", "zoom the timeline at the pointer"),
    ("Shift+wheel, middle drag", "move the timeline"),
    ("F2", "whole video on the timeline"),
    ("N  Shift+N", "next error, error before; played with a moment around"),
    ("Ctrl+1 … Ctrl+8", "show library, player, timeline, training, detections, errors, analysis, evidence"),
    ("Ctrl+F", "find a video by name"),
    ("Ctrl+O", "open a folder"),
    ("Ctrl+T", "train"),
    ("Ctrl+Plus  Ctrl+Minus  Ctrl+0", "larger, smaller, normal"),
    ("F1  ?", "this page"),
];

/// Draws the page of keys.
pub fn help(ctx: &Context, theme: &Theme, open: &mut bool) {
    let window = Window::new(strong(theme, "Keys")).open(open).collapsible(false).resizable(false).vscroll(true);
    let window = window.max_height(ctx.content_rect().height() - 96.0);
    window.anchor(egui::Align2::CENTER_CENTER, egui::vec2(0.0, 0.0)).show(ctx, |ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        Grid::new("keys").num_columns(2).spacing([24.0, 6.0]).show(ui, |ui| {
            for (keys, what) in HELP {
                ui.label(egui::RichText::new(*keys).font(theme.number_font()).color(theme.accent_text()));
                ui.label(*what);
                ui.end_row();
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_key() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            let same = |other: &&Binding| other.key == binding.key && other.modifiers == binding.modifiers;
            assert!(!BINDINGS[..index].iter().any(|other| same(&other)), "{:?}", binding.key);
        }
    }

    #[test]
    fn sizes_step_and_stay_at_the_ends() {
        let mut state = State::default();
        assert_eq!((scale(&state, 1), scale(&state, -1)), (1.15, 0.9));
        state.settings.scale = 2.0;
        assert_eq!(scale(&state, 1), 2.0);
    }
}
