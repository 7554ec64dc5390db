//! The keys of the recipe: what matters first, everything on request, changed values marked.

use egui::accesskit::Role;
use egui::{ComboBox, RichText, TextEdit, Ui, WidgetInfo, vec2};

use crate::state::{Command, Recipe, RecipeKey};

use super::super::icons::Icon;
use super::super::widgets::{caption, cut, icon_button};
use super::View;

/// Width of the names of keys.
const NAMES: f32 = 170.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let recipe = &view.state.training.recipe;
    if recipe.config.is_none() {
        return;
    }
    let changed = recipe.changed.len();
    let title = match changed {
        0 => "Recipe".to_owned(),
        1 => "Recipe, 1 value changed".to_owned(),
        _ => format!("Recipe, {changed} values changed"),
    };
    let led = led(ui, recipe.led);
    let header = egui::CollapsingHeader::new(title).id_salt("recipe").open(led.then_some(true));
    let header = header.show(ui, |ui| {
        ui.horizontal(|ui| {
            let mut find = recipe.find.clone();
            // A name of its own: what appears above a field must not take the keys from it.
            let id = egui::Id::unique("find a key");
            let edit = ui.add(TextEdit::singleline(&mut find).id(id).hint_text("Find a key").desired_width(150.0));
            edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Find a key"));
            if edit.on_hover_text("In names and meanings of all keys").changed() {
                view.commands.push(Command::Recipe(Recipe::Find(find)));
            }
            if ui.button("Save as…").on_hover_text("The whole recipe as a file").clicked() {
                view.commands.push(Command::Recipe(Recipe::Save));
            }
        });
        for field in recipe.fields(false) {
            row(ui, view, &field);
        }
        if recipe.find.is_empty() {
            egui::CollapsingHeader::new("All keys").id_salt("all keys").show(ui, |ui| {
                let mut section = "";
                let fields = recipe.fields(true);
                for field in &fields {
                    let (of, _) = field.key.path.rsplit_once('.').unwrap_or(("", ""));
                    if of != section {
                        section = of;
                        caption(ui, theme, format!("[{of}]"));
                    }
                    row(ui, view, field);
                }
            });
        }
    });
    if led {
        header.header_response.scroll_to_me(Some(egui::Align::Min));
    }
}

/// Whether a finding has led here since the last picture.
fn led(ui: &Ui, times: u64) -> bool {
    let id = egui::Id::unique("led to a key");
    let before: u64 = ui.data(|data| data.get_temp(id)).unwrap_or(0);
    ui.data_mut(|data| data.insert_temp(id, times));
    before != times
}

fn row(ui: &mut Ui, view: &mut View<'_>, field: &RecipeKey) {
    let theme = view.theme;
    let path = &field.key.path;
    ui.horizontal(|ui| {
        ui.allocate_ui(vec2(NAMES, theme.size.control), |ui| {
            ui.set_min_width(NAMES);
            ui.set_max_width(NAMES);
            let colour = if field.changed { theme.accent_text() } else { theme.text() };
            let mark = if field.changed { "● " } else { "" };
            let name = RichText::new(format!("{mark}{path}")).font(theme.small_font()).color(colour);
            let meaning = format!("{}\n{}; default {}", field.key.meaning, field.key.kind, field.key.default);
            cut(ui, name).on_hover_text(meaning);
        });
        let mut set = |text: String| {
            view.commands.push(Command::Recipe(Recipe::Set { path: path.clone(), text }));
        };
        let words: Vec<&str> = field.key.kind.split(" | ").collect();
        if field.key.kind == "true or false" {
            let mut on = field.value == "true";
            let check = ui.checkbox(&mut on, "");
            check.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, path));
            if check.changed() {
                set(on.to_string());
            }
        } else if words.len() > 1 {
            let combo = ComboBox::from_id_salt(path).selected_text(&field.value).width(120.0);
            let combo = combo.show_ui(ui, |ui| {
                for word in words {
                    if ui.selectable_label(field.value == word, word).clicked() {
                        set(word.to_owned());
                    }
                }
            });
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, path));
        } else {
            typed(ui, path, &field.value, &mut set);
        }
        if field.changed && icon_button(ui, theme, Icon::Undo, &format!("Reset {path}"), "As in the file").clicked() {
            view.commands.push(Command::Recipe(Recipe::Reset(path.clone())));
        }
    });
    if let Some(why) = view.state.training.recipe.wrong.get(path) {
        ui.label(RichText::new(why).font(theme.small_font()).color(theme.bad()));
    }
}

/// A value as text; it is taken when the field is left or Enter is pressed.
fn typed(ui: &mut Ui, path: &str, value: &str, set: &mut impl FnMut(String)) {
    let id = egui::Id::unique(("recipe", path));
    let mut text = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| value.to_owned());
    let edit = ui.add(TextEdit::singleline(&mut text).id(id.with("field")).desired_width(120.0));
    edit.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, path);
        info.current_text_value = Some(text.clone());
        info
    });
    if edit.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text.clone()));
    }
    if edit.lost_focus() {
        ui.data_mut(|data| data.remove::<String>(id));
        if text != value {
            set(text);
        }
    }
}
