//! The bar at the top: what is open, how to open something else, how things look, help.

use egui::{Align, Frame, Key, Layout, Margin, Panel, Popup, RichText, TextEdit, Ui};

use crate::formats::exchange::Form;
use crate::jobs::keeper::Access;
use crate::state::{Annotate, Command, Importing, Settings, State, ThemeChoice, Wanted};

use super::farewell;
use super::theme::Theme;
use super::widgets::{caption, cut, focus_when_new, is_wanted, strong};

/// Draws the bar; whether the layout shall be as at the first start.
pub fn show(ui: &mut Ui, theme: &Theme, state: &State, help: &mut bool, commands: &mut Vec<Command>) -> bool {
    let mut reset = false;
    let frame = Frame::new().fill(theme.ground()).inner_margin(Margin::symmetric(12, 5));
    Panel::top("top bar").frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(strong(theme, "ETAD").color(theme.accent_text()));
            ui.add_space(4.0);
            open_menu(ui, theme, state, commands);
            if state.project.is_some() {
                annotations_menu(ui, theme, state, commands);
            }
            let menu = ui.menu_button("View", |ui| reset = view_menu(ui, theme, &state.settings, commands));
            menu.response.on_hover_text("Theme, size, layout");
            let tip = format!("Keys{}", state.settings.keymap.hint("keys"));
            if ui.button("Help").on_hover_text(tip).clicked() {
                *help = !*help;
            }
            ui.add_space(8.0);
            if state.opening {
                ui.spinner();
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let Some(run) = state.run.as_ref().filter(|run| run.state.is_living()) {
                    caption(ui, theme, format!("{}  ·  {}", run.name, run.state.word().to_lowercase()));
                }
                kept(ui, theme, state, commands);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if let Some(project) = &state.project {
                        cut(ui, RichText::new(&project.name).color(theme.text_soft()))
                            .on_hover_text(project.root.display().to_string());
                    }
                });
            });
        });
        path_field(ui, state, commands);
    });
    reset
}

/// Whether what was done is on the disk, and who may edit.
fn kept(ui: &mut Ui, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    if state.project.is_none() {
        return;
    }
    let editing = &state.editing;
    if let Access::Theirs(pid) = editing.access {
        let tip =
            format!("Process {pid} edits this project. Take over: it saves, lets go and only reads from then on.");
        if ui.button("Take over").on_hover_text(tip).clicked() {
            commands.push(Annotate::TakeOver.into());
        }
        ui.label(RichText::new("Read only").color(theme.warn()));
    } else if let Some(trouble) = &editing.trouble {
        let words = match farewell::elsewhere(state) {
            Some((words, _)) => format!("{}\n{words}", trouble.sentence),
            None => trouble.sentence.clone(),
        };
        // The question about closing has it too.
        let asked = editing.leaving.is_some();
        if !asked && ui.button("Save elsewhere…").on_hover_text(farewell::ELSEWHERE).clicked() {
            commands.push(Annotate::SaveElsewhere.into());
        }
        ui.label(RichText::new("Not on disk yet").color(theme.bad())).on_hover_text(words);
    } else if editing.last > 0 {
        let words = if editing.is_kept() { "All edits on disk" } else { "Writing" };
        let hint = state.settings.keymap.hint("save");
        let tip =
            format!("Every edit goes to the journal at once, the annotation file follows, at once by its key{hint}");
        caption(ui, theme, words).on_hover_text(tip);
    }
}

fn open_menu(ui: &mut Ui, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    let menu = ui.menu_button("Open", |ui| {
        ui.set_min_width(220.0);
        let tip = format!("A project, or a folder of videos{}", state.settings.keymap.hint("open"));
        if ui.button("Folder or project…").on_hover_text(tip).clicked() {
            commands.push(Command::ChooseFolder);
        }
        if ui.button("Videos…").on_hover_text("Single files").clicked() {
            commands.push(Command::ChooseVideos);
        }
        if ui.button("By path").on_hover_text("Type where it is").clicked() {
            commands.push(Command::ShowPathField);
        }
        if !state.settings.recent.is_empty() {
            ui.separator();
            caption(ui, theme, "Recent");
        }
        for path in &state.settings.recent {
            let name =
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
            if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                commands.push(Command::Open(vec![path.clone()]));
            }
        }
    });
    is_wanted(&menu.response, "Open");
    let keymap = &state.settings.keymap;
    let tip = format!("Open a project, a folder or videos{}; the menus{}", keymap.hint("open"), keymap.hint("menus"));
    menu.response.on_hover_text(tip);
}

fn annotations_menu(ui: &mut Ui, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    let keymap = &state.settings.keymap;
    let menu = ui.menu_button("Annotations", |ui| {
        ui.set_min_width(220.0);
        let tip = format!("Shows first what will come; one step of undo{}", keymap.hint("import"));
        if ui.button("Import…").on_hover_text(tip).clicked() {
            commands.push(Annotate::AskImport.into());
        }
        ui.separator();
        caption(ui, theme, "Export");
        for form in Form::ALL {
            let tip = if form.loses().is_empty() {
                "Everything, with the keys of other programs".to_owned()
            } else {
                format!("What does not come back from it: {}", form.loses())
            };
            if ui.button(format!("{}…", form.name())).on_hover_text(tip).clicked() {
                commands.push(Annotate::Export(form).into());
            }
        }
    });
    if is_wanted(&menu.response, "Annotations") {
        Popup::open_id(ui.ctx(), Popup::default_response_id(&menu.response));
    }
    let tip = format!("Import{}, and export{}", keymap.hint("import"), keymap.hint("export"));
    menu.response.on_hover_text(tip);
}

/// What an import would bring.
pub fn import_preview(ctx: &egui::Context, theme: &Theme, importing: &Importing, commands: &mut Vec<Command>) {
    let window = egui::Window::new(strong(theme, "Import")).collapsible(false).resizable(false);
    window.anchor(egui::Align2::CENTER_CENTER, egui::vec2(0.0, 0.0)).show(ctx, |ui| {
        ui.set_width(420.0);
        caption(ui, theme, importing.path.display().to_string());
        ui.add_space(4.0);
        for sentence in &importing.sentences {
            ui.label(sentence);
        }
        egui::ScrollArea::vertical().max_height(180.0).show(ui, |ui| {
            for (video, count) in &importing.videos {
                caption(ui, theme, format!("{video}: {count}"));
            }
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let take = ui.add_enabled(!importing.is_empty(), egui::Button::new("Import these"));
            let take = take.on_hover_text("One step: Undo takes all of it back (Enter)");
            focus_when_new(ui, &take);
            if take.clicked() {
                commands.push(Annotate::ConfirmImport.into());
            }
            if ui.button("Leave it").on_hover_text("Nothing comes (Escape)").clicked() {
                commands.push(Annotate::CancelImport.into());
            }
        });
    });
}

fn view_menu(ui: &mut Ui, theme: &Theme, settings: &Settings, commands: &mut Vec<Command>) -> bool {
    ui.set_min_width(180.0);
    caption(ui, theme, "Theme");
    for (choice, name) in
        [(ThemeChoice::Dark, "Dark"), (ThemeChoice::Light, "Light"), (ThemeChoice::System, "As the system")]
    {
        if ui.radio(settings.theme == choice, name).on_hover_text("How the window looks").clicked() {
            commands.push(Command::SetTheme(choice));
        }
    }
    ui.separator();
    let keys: Vec<String> =
        ["larger", "smaller", "normal"].into_iter().filter_map(|id| settings.keymap.key(id)).collect();
    caption(ui, theme, if keys.is_empty() { "Size".to_owned() } else { format!("Size ({})", keys.join(", ")) });
    ui.horizontal_wrapped(|ui| {
        for scale in Settings::SCALES {
            let chosen = (settings.scale - scale).abs() < 0.01;
            let tip = settings.keymap.hint(if chosen {
                "normal"
            } else if scale > settings.scale {
                "larger"
            } else {
                "smaller"
            });
            let label = ui.selectable_label(chosen, format!("{:.0} %", scale * 100.0));
            if label.on_hover_text(format!("Size of everything{tip}")).clicked() {
                commands.push(Command::SetScale(scale));
            }
        }
    });
    ui.separator();
    ui.button("Reset the layout").on_hover_text("Put every panel back to its first place").clicked()
}

fn path_field(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let Some(field) = &state.path_field else { return };
    let (name, hint, action) = match field.wanted {
        Wanted::Project => ("Path", "/path/to/a/folder or a video", "Open path"),
        Wanted::Config => ("Configuration", "/path/to/a/recipe.toml", "Use configuration"),
        Wanted::Init => ("Starting weights", "/path/to/weights.safetensors", "Use weights"),
        Wanted::Predictions => ("Detections", "/path/to/detections.json", "Open detections"),
        Wanted::Annotations => {
            ("Annotations", "/path/to/annotations.json, .csv, .txt, .boris or .eaf, or a folder", "Import")
        }
        Wanted::Elsewhere => ("Save in", "/path/on/another/disk/annotations.json", "Save there"),
        Wanted::Checkpoint => ("Weights to detect with", "/path/to/weights.safetensors", "Use weights"),
    };
    let mut text = field.text.clone();
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let label = ui.label(name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let cancel = ui.button("Cancel").on_hover_text("Hide this field (Escape)");
            let taken = ui.button(action).on_hover_text("Takes what was typed (Enter)");
            let edit = TextEdit::singleline(&mut text).hint_text(hint).desired_width(ui.available_width());
            let response = ui.add(edit).labelled_by(label.id).on_hover_text(hint);
            focus_when_new(ui, &response);
            if response.changed() {
                commands.push(Command::EditPath(text.clone()));
            }
            let key = |key| response.lost_focus() && ui.input(|input| input.key_pressed(key));
            if taken.clicked() || key(Key::Enter) {
                commands.push(Command::TakeTypedPath);
            } else if cancel.clicked() || key(Key::Escape) {
                commands.push(Command::HidePathField);
            }
        });
    });
}
