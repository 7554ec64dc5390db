//! Questions that must be answered: whether edits that are not on the disk may be left, and whose version stands where another
//! program changed the same.

use egui::{Align2, Button, Context, RichText, ScrollArea, Window, vec2};

use crate::state::{Annotate, Away, Command, Settle, State};

use super::theme::Theme;
use super::widgets::{caption, focus_when_new, strong};

/// Seconds that writing usually takes less than: nobody is asked before.
const USUALLY: f64 = 0.4;

/// Asks what there is to ask.
pub fn show(ctx: &Context, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    leaving(ctx, theme, state, commands);
    conflicts(ctx, theme, state, commands);
}

fn leaving(ctx: &Context, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    let (editing, since) = (&state.editing, egui::Id::unique("leaving since"));
    let Some(leaving) = &editing.leaving else { return ctx.data_mut(|data| data.remove::<f64>(since)) };
    let now = ctx.input(|input| input.time);
    let since = ctx.data_mut(|data| *data.get_temp_mut_or(since, now));
    if editing.trouble.is_none() && now - since < USUALLY {
        return ctx.request_repaint();
    }
    let window = Window::new(strong(theme, "Not everything is on the disk")).collapsible(false).resizable(false);
    window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(ctx, |ui| {
        ui.set_width(440.0);
        let count = editing.last.saturating_sub(editing.kept);
        let edits = if count == 1 { "The last edit is".to_owned() } else { format!("The last {count} edits are") };
        ui.label(format!("{edits} not written yet and would be lost. Writing is tried again all the time."));
        match &editing.trouble {
            Some(trouble) => ui.label(RichText::new(&trouble.sentence).color(theme.bad())),
            None => caption(ui, theme, "The disk takes its time."),
        };
        let closes = leaving.away == Away::Close;
        caption(
            ui,
            theme,
            if closes {
                "The window closes by itself as soon as everything is written."
            } else {
                "The other project opens by itself as soon as everything is written."
            },
        );
        if let Some((words, whole)) = elsewhere(state) {
            ui.label(RichText::new(words).color(if whole { theme.good() } else { theme.warn() }));
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let stay = ui.button("Go on editing").on_hover_text("Nothing is lost; it is tried again (Escape)");
            focus_when_new(ui, &stay);
            if stay.clicked() {
                commands.push(Annotate::Stay.into());
            }
            if ui.button("Save elsewhere…").on_hover_text(ELSEWHERE).clicked() {
                commands.push(Annotate::SaveElsewhere.into());
            }
            let words = if closes { "Close anyway" } else { "Open anyway" };
            let button = Button::new(RichText::new(words).color(theme.bad()));
            if ui.add(button).on_hover_text("What is not written is gone then").clicked() {
                commands.push(Annotate::LeaveAnyway.into());
            }
        });
    });
}

/// What saving elsewhere is.
pub const ELSEWHERE: &str =
    "Writes all annotations where you say, on another disk for instance; Import brings them back";

/// Where the annotations were saved while their own disk fails, and whether every edit is in that file.
#[must_use]
pub fn elsewhere(state: &State) -> Option<(String, bool)> {
    let (path, last) = state.editing.elsewhere.as_ref()?;
    let later = state.editing.last.saturating_sub(*last);
    Some(match later {
        0 => (format!("All annotations are also in {}.", path.display()), true),
        1 => (format!("All but the last edit is also in {}: save again to have it there.", path.display()), false),
        later => (
            format!("All but the last {later} edits are also in {}: save again to have them there.", path.display()),
            false,
        ),
    })
}

fn conflicts(ctx: &Context, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    let conflicts = &state.editing.conflicts;
    if conflicts.is_empty() {
        return;
    }
    let window = Window::new(strong(theme, "Changed here and by another program")).collapsible(false).resizable(false);
    window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(ctx, |ui| {
        ui.set_width(480.0);
        ui.label(
            "Another program changed the annotation file where you changed it too. Both versions are kept, the other one as a \
             draft, until you choose. Each choice is one step of Undo.",
        );
        ui.add_space(4.0);
        ScrollArea::vertical().max_height(200.0).show(ui, |ui| {
            for conflict in conflicts {
                caption(ui, theme, &conflict.sentence);
            }
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            for (name, tip, how) in [
                ("Keep both", "As it is now: look through the drafts later", Settle::Both),
                ("Keep mine", "The other versions go", Settle::Mine),
                ("Take theirs", "The other versions take the place of mine", Settle::Theirs),
            ] {
                let button = ui.button(name).on_hover_text(tip);
                if how == Settle::Both {
                    focus_when_new(ui, &button);
                }
                if button.clicked() {
                    commands.push(Annotate::Settle(how).into());
                }
            }
        });
    });
}
