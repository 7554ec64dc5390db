//! The tiles: which panels there are, where they stand, how they are remembered.

use egui_tiles::{Linear, LinearDir, SimplificationOptions, TabState, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use crate::state::keymap::DEEDS;
use crate::state::{Command, Wish};

use super::panels::{self, View};

/// The panels of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Panel {
    /// Videos.
    Library,
    /// The picture.
    Player,
    /// Time.
    Timeline,
    /// Training.
    Training,
    /// What was found.
    Detections,
    /// What is wrong with it.
    Errors,
    /// Curves and tables of it.
    Analysis,
    /// What the network said before anything was suppressed.
    Evidence,
    /// The table of segments.
    Segments,
    /// Classes, subjects, who annotates.
    Classes,
}

impl Panel {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 10] = [
        Self::Library,
        Self::Player,
        Self::Timeline,
        Self::Training,
        Self::Detections,
        Self::Errors,
        Self::Analysis,
        Self::Evidence,
        Self::Segments,
        Self::Classes,
    ];

    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Library => "Library",
            Self::Player => "Player",
            Self::Timeline => "Timeline",
            Self::Training => "Training",
            Self::Detections => "Detections",
            Self::Errors => "Errors",
            Self::Analysis => "Analysis",
            Self::Evidence => "Evidence",
            Self::Segments => "Segments",
            Self::Classes => "Classes",
        }
    }
}

/// Under which name the layout is kept; the number changes when an older layout would not fit.
pub const KEY: &str = "etad.layout.4";

/// The layout of a first start: videos left, picture over time in the middle, what the detector does as tabs on the right.
#[must_use]
pub fn default_tree() -> Tree<Panel> {
    let mut tiles = Tiles::default();
    let [library, player, timeline, training, detections, errors, analysis, evidence, segments, classes] =
        Panel::ALL.map(|panel| tiles.insert_pane(panel));
    let below = tiles.insert_tab_tile(vec![timeline, evidence]);
    let middle = split(&mut tiles, LinearDir::Vertical, &[(player, 0.54), (below, 0.46)]);
    let right = tiles.insert_tab_tile(vec![training, detections, errors, analysis, segments, classes]);
    let root = split(&mut tiles, LinearDir::Horizontal, &[(library, 0.19), (middle, 0.5), (right, 0.31)]);
    Tree::new(egui::Id::unique("workbench tiles"), root, tiles)
}

fn entered_id() -> egui::Id {
    egui::Id::unique("panel that a key asked for")
}

/// The beginning of a panel, where the keyboard stands when its key was pressed: Tab leads to its first control.
fn start_of(panel: Panel) -> egui::Id {
    egui::Id::unique("beginning of the panel").with(panel.title())
}

/// Whether this is the beginning of a panel.
#[must_use]
pub fn is_start(id: egui::Id) -> bool {
    Panel::ALL.into_iter().any(|panel| start_of(panel) == id)
}

/// Puts the keyboard at the beginning of a panel.
pub fn enter(ctx: &egui::Context, panel: Panel) {
    ctx.data_mut(|data| data.insert_temp(entered_id(), panel));
}

/// Draws the beginning of a panel while the keyboard is there: a line along its top says so.
fn start(ui: &egui::Ui, panel: Panel, colour: egui::Color32) {
    let id = start_of(panel);
    let asked = ui.data(|data| data.get_temp::<Panel>(entered_id())) == Some(panel);
    if !asked && !ui.memory(|memory| memory.has_focus(id)) {
        return;
    }
    let top = ui.max_rect();
    let line = egui::Rect::from_min_max(top.min, egui::pos2(top.right(), top.top() + 2.0));
    let response = ui.interact(line, id, egui::Sense::focusable_noninteractive());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, format!("Beginning of {}", panel.title()))
    });
    if asked {
        ui.data_mut(|data| data.remove::<Panel>(entered_id()));
        response.request_focus();
    }
    // Arrows step frames here.
    let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    ui.painter().rect_filled(line, 0.0, colour);
}

/// Brings a panel to the front of its tabs.
pub fn bring(tree: &mut Tree<Panel>, panel: Panel) {
    tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == panel));
}

fn split(tiles: &mut Tiles<Panel>, direction: LinearDir, parts: &[(TileId, f32)]) -> TileId {
    let mut linear = Linear::new(direction, parts.iter().map(|&(tile, _)| tile).collect());
    for &(tile, share) in parts {
        linear.shares.set_share(tile, share);
    }
    tiles.insert_container(linear)
}

/// A remembered layout, if it still holds every panel once.
#[must_use]
pub fn restored(text: &str) -> Option<Tree<Panel>> {
    let tree: Tree<Panel> = serde_json::from_str(text).ok()?;
    tree.root()?;
    let mut panels: Vec<Panel> =
        tree.tiles.tiles().filter_map(|tile| if let Tile::Pane(panel) = tile { Some(*panel) } else { None }).collect();
    panels.sort_unstable();
    (panels == Panel::ALL).then_some(tree)
}

/// Draws the panels for the tree.
pub struct Panes<'a, 'b> {
    /// What the panels are drawn from.
    pub view: &'a mut View<'b>,
}

impl egui_tiles::Behavior<Panel> for Panes<'_, '_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _tile: TileId, panel: &mut Panel) -> UiResponse {
        let theme = self.view.theme;
        ui.painter().rect_filled(ui.max_rect(), 0.0, theme.panel());
        start(ui, *panel, theme.accent());
        let margin = if *panel == Panel::Player { 0.0 } else { theme.size.pad };
        let inside = ui.max_rect().shrink(margin);
        ui.scope_builder(egui::UiBuilder::new().max_rect(inside), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(inside.expand(margin.min(4.0))));
            panels::show(ui, *panel, self.view);
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, panel: &Panel) -> egui::WidgetText {
        panel.title().into()
    }

    fn on_tab_button(&mut self, tiles: &mut Tiles<Panel>, tile: TileId, button: egui::Response) -> egui::Response {
        let Some(Tile::Pane(panel)) = tiles.get(tile) else { return button };
        let number = Panel::ALL.iter().position(|other| other == panel);
        let deed = DEEDS.iter().find(|deed| {
            let wish = deed.id.starts_with("panel.").then(|| (deed.command)(self.view.state));
            matches!(wish, Some(Command::Wish(Wish::Panel(of))) if Some(of) == number)
        });
        let hint = deed.map(|deed| self.view.state.settings.keymap.hint(deed.id)).unwrap_or_default();
        button.on_hover_text(format!("{}{hint}", panel.title()))
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        30.0
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        3.0
    }

    fn min_size(&self) -> f32 {
        120.0
    }

    fn tab_title_spacing(&self, _visuals: &egui::Visuals) -> f32 {
        // Six titles have room on the right of a window 1280 points wide.
        6.0
    }

    fn tab_bar_color(&self, _visuals: &egui::Visuals) -> egui::Color32 {
        self.view.theme.ground()
    }

    fn tab_bg_color(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Panel>,
        _tile: TileId,
        state: &TabState,
    ) -> egui::Color32 {
        if state.active { self.view.theme.panel() } else { self.view.theme.ground() }
    }

    fn tab_outline_stroke(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Panel>,
        _tile: TileId,
        _state: &TabState,
    ) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, _visuals: &egui::Visuals) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_text_color(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Panel>,
        _tile: TileId,
        state: &TabState,
    ) -> egui::Color32 {
        if state.active { self.view.theme.text() } else { self.view.theme.text_soft() }
    }

    fn simplification_options(&self) -> SimplificationOptions {
        // Every panel keeps its title, alone or among tabs.
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_behind_another_comes_to_the_front() {
        let mut tree = default_tree();
        let is_shown = |tree: &Tree<Panel>, panel: Panel| {
            tree.active_tiles()
                .iter()
                .any(|id| matches!(tree.tiles.get(*id), Some(Tile::Pane(other)) if *other == panel))
        };
        let number = |of: Panel| Panel::ALL.iter().position(|panel| *panel == of).map(Wish::Panel);
        assert_eq!([Panel::Errors, Panel::Classes].map(number), [Wish::ERRORS, Wish::CLASSES].map(Some));
        assert!(is_shown(&tree, Panel::Training) && !is_shown(&tree, Panel::Detections));
        bring(&mut tree, Panel::Detections);
        assert!(is_shown(&tree, Panel::Detections) && is_shown(&tree, Panel::Library));
    }

    #[test]
    fn a_layout_is_remembered_and_a_strange_one_is_not_taken() {
        let tree = default_tree();
        let text = serde_json::to_string(&tree).expect("serialises");
        assert_eq!(restored(&text), Some(tree));
        assert_eq!(restored(&text.replace("Library", "Player")), None, "a panel twice");
        assert_eq!(restored("{}"), None);
    }
}
