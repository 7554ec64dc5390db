//! Keys into commands, and the page that shows and changes them.

use std::collections::BTreeMap;
use std::time::Instant;

use egui::{Button, ComboBox, Context, Event, FocusDirection, Grid, Key, Modifiers, Popup, ScrollArea, Ui, Window};

use crate::state::keymap::{DEEDS, Deed, Preset, readable};
use crate::state::{Annotate, Command, State, Wish};

use super::layout::{self, Panel};
use super::theme::Theme;
use super::widgets::{caption, focus_when_new, strong, want};

/// What the keyboard is in the middle of.
#[derive(Debug, Default)]
pub struct Keys {
    /// Keys of classes that are down, and since when.
    down: BTreeMap<char, Instant>,
    /// Whether the page of keys is open.
    pub help: bool,
    /// The deed that waits for its new key.
    waiting: Option<&'static Deed>,
    /// What a person looks for on the page.
    find: String,
    /// Which control had the keyboard when the last picture was drawn: Escape takes it away before anybody is asked.
    focused: Option<egui::Id>,
}

/// Keys by which a person goes through controls and presses them, where one has the keyboard or a menu is open.
fn is_for_controls(key: Key, modifiers: Modifiers) -> bool {
    let arrows = [Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight];
    match key {
        Key::Tab => modifiers.is_none() || modifiers.shift_only(),
        Key::Enter | Key::Space | Key::Escape => modifiers.is_none(),
        key => modifiers.is_none() && arrows.contains(&key),
    }
}

/// A chord as the keymap writes it.
fn chord(modifiers: Modifiers, key: Key) -> String {
    let mut text = String::new();
    for (held, name) in [(modifiers.command, "Ctrl+"), (modifiers.shift, "Shift+"), (modifiers.alt, "Alt+")] {
        text.push_str(if held { name } else { "" });
    }
    text.push_str(match key {
        Key::ArrowLeft => "Left",
        Key::ArrowRight => "Right",
        Key::ArrowUp => "Up",
        Key::ArrowDown => "Down",
        key => key.name(),
    });
    text
}

/// The letter or digit of a key that can log a class.
fn letter(key: Key) -> Option<char> {
    let mut letters = key.name().chars();
    let first = letters.next().filter(char::is_ascii_alphanumeric)?;
    letters.next().is_none().then(|| first.to_ascii_lowercase())
}

impl Keys {
    /// Remembers who has the keyboard, once everything is drawn.
    pub fn remember(&mut self, ctx: &Context) {
        self.focused = ctx.memory(egui::Memory::focused);
    }

    /// Whether a key belongs to a control that has the keyboard, or to an open menu. At the beginning of a panel, where the keys
    /// of panels put the keyboard, only Tab does.
    fn is_theirs(&self, ctx: &Context, key: Key, modifiers: Modifiers) -> bool {
        if self.waiting.is_some() || !is_for_controls(key, modifiers) {
            return false;
        }
        let at_control = self.focused.is_some_and(|id| key == Key::Tab || !layout::is_start(id));
        at_control || Popup::is_any_open(ctx)
    }

    /// Turns keys into commands; returns the panel that was asked for. While a person types, only Escape is ours, and leaves the
    /// field.
    pub fn read(&mut self, ctx: &Context, state: &State, commands: &mut Vec<Command>) -> Option<Panel> {
        let unfocused =
            ctx.input(|input| input.events.iter().any(|event| matches!(event, Event::WindowFocused(false))));
        if unfocused || ctx.text_edit_focused() {
            if unfocused || !self.down.is_empty() {
                self.down.clear();
                commands.push(Annotate::LetGo.into());
            }
            if ctx.text_edit_focused() {
                return None;
            }
        }
        if state.editing.calibration.is_some() {
            return None;
        }
        let events = ctx.input(|input| input.events.clone());
        let mut panel = None;
        let mut left = Vec::new();
        for event in &events {
            match event {
                Event::Key { key, pressed: true, modifiers, .. } if self.is_theirs(ctx, *key, *modifiers) => {}
                Event::Key { key, pressed, repeat, modifiers, .. } => {
                    let asked = self.key(ctx, state, (*key, *modifiers), *pressed, *repeat, commands);
                    if asked.is_none() {
                        left.push(event.clone());
                    } else if is_for_controls(*key, *modifiers) {
                        // Egui saw it first and would go to the next control.
                        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
                    }
                    panel = asked.flatten().or(panel);
                    continue;
                }
                // The system turns these keys into what they usually mean.
                Event::Copy => panel = self.deed(ctx, state, "Ctrl+C", false, commands).or(panel),
                Event::Cut => panel = self.deed(ctx, state, "Ctrl+X", false, commands).or(panel),
                Event::Paste(_) => panel = self.deed(ctx, state, "Ctrl+V", false, commands).or(panel),
                _ => {}
            }
            left.push(event.clone());
        }
        // A button that has the focus must not be pressed by the Space that plays.
        ctx.input_mut(|input| input.events = left);
        let copies = |command: &Command| matches!(command, Command::Annotate(Annotate::Copy | Annotate::Cut));
        if commands.iter().any(copies) {
            // Without something in the system's clipboard no Paste comes.
            ctx.copy_text(as_text(state));
        }
        panel
    }

    /// What a key does: none when it is not ours; the panel that it asks for.
    fn key(
        &mut self,
        ctx: &Context,
        state: &State,
        (key, modifiers): (Key, Modifiers),
        pressed: bool,
        repeat: bool,
        commands: &mut Vec<Command>,
    ) -> Option<Option<Panel>> {
        if !pressed {
            if let Some((letter, since)) = letter(key).and_then(|letter| self.down.remove_entry(&letter)) {
                commands.push(Annotate::Release(letter, since.elapsed().as_secs_f64()).into());
            }
            return None;
        }
        let chord = chord(modifiers, key);
        if let Some(deed) = self.waiting.take() {
            if key != Key::Escape {
                commands.push(Command::Bind(deed.id, chord));
            }
            return Some(None);
        }
        if self.help && key == Key::Escape {
            self.help = false;
            return Some(None);
        }
        let bound = state.settings.keymap.deed_of(&chord).is_some();
        let class = letter(key).filter(|letter| !bound && modifiers.is_none() && state.class_of_key(*letter).is_some());
        if let Some(letter) = class {
            if !repeat {
                self.down.insert(letter, Instant::now());
                commands.push(Annotate::Press(letter).into());
            }
            return Some(None);
        }
        let panel = self.deed(ctx, state, &chord, repeat, commands);
        bound.then_some(panel)
    }

    /// Does what a chord does; returns the panel that it asks for.
    fn deed(
        &mut self,
        ctx: &Context,
        state: &State,
        chord: &str,
        repeat: bool,
        commands: &mut Vec<Command>,
    ) -> Option<Panel> {
        let deed = state.settings.keymap.deed_of(chord).filter(|deed| deed.repeats || !repeat)?;
        match (deed.command)(state) {
            Command::Wish(Wish::Panel(number)) => {
                let panel = Panel::ALL.get(number).copied()?;
                layout::enter(ctx, panel);
                return Some(panel);
            }
            Command::Wish(Wish::Control { name, panel }) => {
                want(ctx, name);
                return panel.and_then(|number| Panel::ALL.get(number).copied());
            }
            Command::Wish(Wish::Keys) => self.help = !self.help,
            command => commands.push(command),
        }
        None
    }

    /// Draws the page of keys.
    pub fn page(&mut self, ctx: &Context, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
        let mut open = self.help;
        let window = Window::new(strong(theme, "Keys")).open(&mut open).collapsible(false).resizable(false);
        let height = ctx.content_rect().height() - 96.0;
        window.anchor(egui::Align2::CENTER_CENTER, egui::vec2(0.0, 0.0)).default_width(560.0).show(ctx, |ui| {
            ui.horizontal(|ui| {
                let keymap = &state.settings.keymap;
                let mut preset = keymap.preset;
                let combo = ComboBox::from_id_salt("preset").selected_text(preset.name()).show_ui(ui, |ui| {
                    for other in Preset::ALL {
                        ui.selectable_value(&mut preset, other, other.name());
                    }
                });
                let name = "Preset of keys";
                combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::ComboBox, true, name));
                combo.response.on_hover_text("Keys that fingers know from other programs; forgets your own changes");
                if preset != keymap.preset {
                    commands.push(Command::SetPreset(preset));
                }
                let edit = egui::TextEdit::singleline(&mut self.find).hint_text("Find a key or a deed");
                let find = ui.add(edit.desired_width(160.0));
                find.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::TextInput, true, "Find a key"));
                focus_when_new(ui, &find);
                find.on_hover_text("Show only these");
                caption(ui, theme, "Click a key to change it.");
            });
            ui.add_space(4.0);
            ScrollArea::vertical().max_height((height - 110.0).max(160.0)).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 18.0;
                Grid::new("keys").num_columns(2).spacing([24.0, 5.0]).show(ui, |ui| {
                    let wanted = self.find.to_lowercase();
                    let hit = |what: &str, keys: &str| {
                        wanted.is_empty() || what.contains(&wanted) || keys.to_lowercase().contains(&wanted)
                    };
                    for deed in DEEDS {
                        let keys: Vec<String> =
                            state.settings.keymap.keys(deed).iter().map(|key| readable(key)).collect();
                        if hit(deed.words, &keys.join(" ")) {
                            self.row(ui, theme, state, deed, &keys.join("   "), commands);
                        }
                    }
                    for (keys, words) in FIXED.iter().filter(|(keys, words)| hit(words, keys)) {
                        ui.label(egui::RichText::new(*keys).font(theme.number_font()).color(theme.text_soft()));
                        ui.label(*words);
                        ui.end_row();
                    }
                });
            });
        });
        self.help = open;
        if !open {
            self.waiting = None;
        }
    }

    fn row(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        state: &State,
        deed: &'static Deed,
        keys: &str,
        commands: &mut Vec<Command>,
    ) {
        let waits = self.waiting.is_some_and(|waiting| waiting.id == deed.id);
        let text = if waits {
            "press a key, Escape: leave"
        } else if keys.is_empty() {
            "none"
        } else {
            keys
        };
        let text = egui::RichText::new(text).font(theme.number_font()).color(theme.accent_text());
        let button = ui.add(Button::new(text).frame(false));
        let name = format!("Key of: {}", deed.words);
        button.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
        if button.on_hover_text("Click, then press the new key; whatever has it loses it").clicked() {
            self.waiting = if waits { None } else { Some(deed) };
        }
        ui.horizontal(|ui| {
            ui.label(deed.words);
            if state.settings.keymap.is_changed(deed)
                && ui.small_button("Reset").on_hover_text("The preset's key").clicked()
            {
                commands.push(Command::ResetKeys(deed.id));
            }
        });
        ui.end_row();
    }
}

/// What the system's clipboard gets: a table that other programs understand.
fn as_text(state: &State) -> String {
    let mut text = String::from("start\tend\tclass\tnote\n");
    for action in state.selected_actions() {
        text.push_str(&format!("{}\t{}\t{}\t{}\n", action.segment[0], action.segment[1], action.label, action.note));
    }
    text
}

const FIXED: &[(&str, &str)] = &[
    ("1 … 9, 0, letters", "paused: pick a class; playing: tap or hold to log it"),
    ("Ctrl+wheel", "zoom the timeline at the pointer"),
    ("Shift+wheel, middle drag", "move the timeline"),
    ("Alt while dragging", "no snapping"),
    ("Shift+drag, Ctrl+drag", "select with a box, add to the selection"),
    ("double click", "change a cell of the table; Tab goes on, Enter takes it"),
    ("Tab, Shift+Tab", "to the next control, back; after the key of a panel: into it"),
    ("Enter, Space, arrows", "press the control that has the keyboard, go to its neighbours; Escape leaves it"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_key_is_one_that_the_keyboard_sends() {
        for preset in Preset::ALL {
            let keymap = crate::state::keymap::Keymap::of(preset);
            for text in DEEDS.iter().flat_map(|deed| keymap.keys(deed)) {
                let parts: Vec<&str> = text.split('+').collect();
                let (name, held) = parts.split_last().expect("a key");
                let key = Key::from_name(name).unwrap_or_else(|| panic!("{text}"));
                let modifiers = Modifiers {
                    alt: held.contains(&"Alt"),
                    shift: held.contains(&"Shift"),
                    command: held.contains(&"Ctrl"),
                    ..Modifiers::NONE
                };
                assert_eq!(chord(modifiers, key), text);
            }
        }
    }
}
