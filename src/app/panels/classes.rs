//! Classes, subjects, who annotates, reaction time.

use egui::accesskit::Role;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Button, ComboBox, CornerRadius, Popup, PopupCloseBehavior, RichText, ScrollArea, Sense, TextEdit, Ui, WidgetInfo,
    vec2,
};

use crate::project::Class;
use crate::state::{Annotate, Removal};

use super::super::icons::Icon;
use super::super::widgets::{caption, field, focus_when_new, heading, icon_button, is_wanted, soft};
use super::View;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        heading(ui, theme, "Classes");
        if let Some(name) = adding(ui, "New class", "Add class", "") {
            view.send(Annotate::AddClass(name).into());
        }
        let document = &view.state.editing.book.document;
        let counts = &view.state.editing.counts;
        for (index, class) in document.classes.iter().enumerate() {
            class_row(ui, view, index, class, counts.get(&class.name).copied().unwrap_or(0));
        }
        ui.add_space(12.0);
        heading(ui, theme, "Subjects");
        caption(ui, theme, "Who acts: which animal, which player. New segments get the chosen one.");
        let hint = view.state.settings.keymap.hint("subjects");
        if let Some(name) = adding(ui, "New subject", "Add subject", &hint) {
            view.send(Annotate::AddSubject(name).into());
        }
        subjects(ui, view);
        ui.add_space(12.0);
        person(ui, view);
        ui.add_space(12.0);
        subsets(ui, view);
    });
}

/// Text that a person types into a field, taken with Enter or the button.
fn adding(ui: &mut Ui, hint: &'static str, name: &str, key: &str) -> Option<String> {
    let id = ui.scope_id().with(hint);
    let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_default();
    let mut taken = false;
    ui.horizontal(|ui| {
        let response = ui.add(TextEdit::singleline(&mut typed).hint_text(hint).desired_width(150.0));
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, hint));
        if is_wanted(&response, hint) {
            response.scroll_to_me(None);
        }
        let response = response.on_hover_text(format!("Type its name, Enter adds it{key}"));
        taken = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        taken |= ui.button(name).on_hover_text("Also with Enter").clicked();
    });
    let done = taken && !typed.trim().is_empty();
    let result = done.then(|| typed.clone());
    ui.data_mut(|data| data.insert_temp(id, if done { String::new() } else { typed }));
    result
}

fn class_row(ui: &mut Ui, view: &mut View<'_>, index: usize, class: &Class, count: usize) {
    let theme = view.theme;
    let active = view.state.editing.class.as_deref() == Some(class.name.as_str());
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
        ui.painter().rect_filled(rect, CornerRadius::same(2), theme.class(index));
        let key = view.state.key_of_class(&class.name).map(|key| key.to_ascii_uppercase().to_string());
        let text = RichText::new(key.unwrap_or_else(|| "-".to_owned())).font(theme.number_font());
        ui.label(text.color(theme.accent_text()));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            // It has fields: a click into one of them must not close it.
            let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            let (button, _) = MenuButton::new("Edit").config(stays).ui(ui, |ui| edit(ui, view, class, count));
            let name = format!("Edit class {}", class.name);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if active && is_wanted(&button, "Edit class") {
                button.scroll_to_me(None);
                Popup::open_id(ui.ctx(), Popup::default_response_id(&button));
            }
            let hint = if active { view.state.settings.keymap.hint("class.edit") } else { String::new() };
            button.on_hover_text(format!("Rename, merge, describe, key, delete{hint}"));
            caption(ui, theme, if count == 1 { "1 segment".to_owned() } else { format!("{count} segments") });
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| name_of(ui, view, class, active));
        });
    });
}

/// The name of a class, cut where it is too long, with its description.
fn name_of(ui: &mut Ui, view: &mut View<'_>, class: &Class, active: bool) {
    let response = ui.add(Button::selectable(active, &class.name).truncate());
    let words = if class.description.is_empty() { "New segments get this class" } else { class.description.as_str() };
    let keys = &view.state.settings.keymap;
    let (before, after) = (keys.hint("class.previous"), keys.hint("class.next"));
    let tip = format!("{}\n{words}\nThe class before{before}, after{after}", class.name);
    if active {
        // Whoever is led to a class sees it, however many there are.
        let id = egui::Id::unique("class in sight");
        let seen = ui.data_mut(|data| data.get_temp_mut_or_default::<String>(id).clone());
        if seen != class.name {
            response.scroll_to_me(None);
            ui.data_mut(|data| data.insert_temp(id, class.name.clone()));
        }
    }
    if response.on_hover_text(tip).clicked() {
        view.send(Annotate::ChooseClass(class.name.clone()).into());
    }
}

fn edit(ui: &mut Ui, view: &mut View<'_>, class: &Class, count: usize) {
    let theme = view.theme;
    ui.set_min_width(250.0);
    for (name, tip, text, command) in [
        (
            "New name",
            "Enter renames it in all videos; another class's name joins the two",
            &class.name,
            Annotate::RenameClass as fn(String, String) -> Annotate,
        ),
        ("Description", "When it is to be used; Enter takes it", &class.description, Annotate::DescribeClass),
    ] {
        let id = ui.scope_id().with((name, &class.name));
        let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| text.clone());
        field(ui, theme, name, |ui, label| {
            let response = ui.add(TextEdit::singleline(&mut typed).desired_width(150.0)).labelled_by(label);
            if name == "New name" {
                focus_when_new(ui, &response);
            }
            let response = response.on_hover_text(tip);
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if entered && typed.trim() != text {
                view.send(command(class.name.clone(), typed.clone()).into());
                ui.close();
            }
        });
        ui.data_mut(|data| data.insert_temp(id, typed));
    }
    caption(ui, theme, "Enter takes it; another class's name joins the two.");
    field(ui, theme, "Key", |ui, label| {
        let mut typed = class.key.map(String::from).unwrap_or_default();
        let edit = TextEdit::singleline(&mut typed).desired_width(24.0).char_limit(1).hint_text("auto");
        let response = ui.add(edit).labelled_by(label);
        if response.on_hover_text("Letter or digit that logs it; empty: by its place in the list").changed() {
            let key = typed.chars().next().filter(char::is_ascii_alphanumeric);
            view.send(Annotate::SetClassKey(class.name.clone(), key).into());
        }
    });
    ui.horizontal(|ui| {
        for (name, by) in [("Up", -1), ("Down", 1)] {
            if ui.button(name).on_hover_text("The order gives colours and digits").clicked() {
                view.send(Annotate::MoveClass(class.name.clone(), by).into());
            }
        }
    });
    ui.separator();
    let words = if count == 0 { "Delete class".to_owned() } else { format!("Delete class and its {count} segments") };
    let tip = "Undo brings everything back";
    if ui.button(RichText::new(words).color(theme.bad())).on_hover_text(tip).clicked() {
        view.send(Annotate::DeleteClass(class.name.clone(), Removal::WithSegments).into());
        ui.close();
    }
    if count > 0 {
        ui.menu_button("Delete class, segments become", |ui| {
            for other in view.state.editing.book.document.classes.iter().filter(|other| other.name != class.name) {
                if ui.button(&other.name).on_hover_text("Its segments become this class").clicked() {
                    let removal = Removal::MoveTo(other.name.clone());
                    view.commands.push(Annotate::DeleteClass(class.name.clone(), removal).into());
                    ui.close();
                }
            }
        });
    }
}

fn subjects(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let active = view.state.editing.subject.clone();
    if ui.selectable_label(active.is_empty(), "No subject").on_hover_text("New segments get no subject").clicked() {
        view.send(Annotate::ChooseSubject(String::new()).into());
    }
    for name in &view.state.editing.book.document.subjects {
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let tip = "Its segments have no subject then; Undo brings it back";
                if icon_button(ui, theme, Icon::Close, &format!("Delete subject {name}"), tip).clicked() {
                    view.commands.push(Annotate::DeleteSubject(name.clone()).into());
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let label = ui.add(Button::selectable(active == *name, name).truncate());
                    let next = view.state.settings.keymap.hint("subject.next");
                    let tip = format!("{name}\nNew segments get this subject; the next one{next}");
                    if label.on_hover_text(tip).clicked() {
                        view.commands.push(Annotate::ChooseSubject(name.clone()).into());
                    }
                });
            });
        });
    }
}

fn person(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    heading(ui, theme, "You");
    field(ui, theme, "Annotator", |ui, label| {
        let mut name = view.state.settings.annotator.clone();
        let edit = TextEdit::singleline(&mut name).hint_text("Your name").desired_width(150.0);
        let response = ui.add(edit).labelled_by(label).on_hover_text("Goes into every segment that you make");
        if response.changed() {
            view.send(Annotate::SetAnnotator(name).into());
        }
    });
    field(ui, theme, "Reaction", |ui, label| {
        let mut milliseconds = view.state.settings.reaction * 1000.0;
        let drag = egui::DragValue::new(&mut milliseconds).range(0.0..=1000.0).suffix(" ms").max_decimals(0);
        let response = ui.add(drag).labelled_by(label);
        if response.on_hover_text("Logging while playing goes back by this much").changed() {
            view.send(Annotate::SetReaction(milliseconds / 1000.0).into());
        }
        let tip = format!("An exercise of 20 seconds{}", view.state.settings.keymap.hint("measure"));
        if ui.button("Measure").on_hover_text(tip).clicked() {
            view.send(Annotate::Calibrate(true).into());
        }
    });
}

fn subsets(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    heading(ui, theme, "What videos are for");
    if let Some((id, subset, done)) =
        view.state.selected().map(|entry| (entry.id.clone(), entry.subset.clone(), entry.done))
    {
        field(ui, theme, "This video", |ui, _| {
            let mut chosen = subset.clone();
            let text = if chosen.is_empty() { "no subset".to_owned() } else { chosen.clone() };
            let combo = ComboBox::from_id_salt("subset").selected_text(text).width(110.0).show_ui(ui, |ui| {
                for name in ["training", "validation", "testing"] {
                    ui.selectable_value(&mut chosen, name.to_owned(), name);
                }
                ui.selectable_value(&mut chosen, String::new(), "no subset");
            });
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Subset of this video"));
            combo.response.on_hover_text("Training videos are learnt from, validation videos measure");
            if chosen != subset {
                view.send(Annotate::SetSubset(id.clone(), chosen).into());
            }
            let mut is_done = done;
            let tip = format!("It is annotated to its end{}", view.state.settings.keymap.hint("video.done"));
            if ui.checkbox(&mut is_done, "Done").on_hover_text(tip).changed() {
                view.send(Annotate::ToggleDone(id.clone()).into());
            }
        });
    }
    ui.horizontal(|ui| {
        let tip =
            "Puts a share of the annotated videos into validation, the rest into training, each class in proportion";
        if ui.button("Split").on_hover_text(tip).clicked() {
            view.send(Annotate::SplitSubsets.into());
        }
        let mut split = view.state.editing.split;
        let words = |share: f64| format!("{:.0} % validate", share * 100.0);
        let combo = ComboBox::from_id_salt("share").selected_text(words(split.share)).width(100.0).show_ui(ui, |ui| {
            for share in [0.1, 0.2, 0.25, 0.3, 0.4, 0.5] {
                ui.selectable_value(&mut split.share, share, words(share));
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Share of the videos that validate"));
        combo.response.on_hover_text("Share of the annotated videos that validate");
        let seed = ui.add(egui::DragValue::new(&mut split.seed).prefix("seed ").range(0..=9999));
        seed.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Seed of the split"));
        seed.on_hover_text("Another number draws other videos; the same one the same");
        if split != view.state.editing.split {
            view.send(Annotate::SetSplit(split).into());
        }
    });
    let entries = &view.state.library.entries;
    let count = |wanted: &str| entries.iter().filter(|entry| entry.subset == wanted).count();
    let done = entries.iter().filter(|entry| entry.done).count();
    let words =
        format!("{} train, {} validate, {} of {} done", count("training"), count("validation"), done, entries.len());
    soft(ui, theme, words);
}
