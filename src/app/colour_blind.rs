//! Holds the colours of classes to what people with a colour blindness see of them.
//!
//! How they see is simulated by the matrices of Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of
//! Color Vision Deficiency" (IEEE TVCG 15(6), 2009, table 1, severity 1.0), on linear sRGB.

use egui::Color32;

use super::theme::{Themes, contrast};

/// Kinds of sight, the ordinary one first.
const SIGHTS: [(&str, [[f32; 3]; 3]); 4] = [
    ("ordinary", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanopia",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

/// CIE L*a*b* (D65) of a colour as a kind of sight has it.
fn lab(colour: Color32, sight: &[[f32; 3]; 3]) -> [f32; 3] {
    let linear = egui::Rgba::from(colour);
    let linear = [linear.r(), linear.g(), linear.b()];
    let seen = sight.map(|row| row.iter().zip(linear).map(|(share, light)| share * light).sum::<f32>().clamp(0.0, 1.0));
    // The matrix of sRGB (IEC 61966-2-1) over the white of D65.
    let xyz = [
        [0.412_456_4 / 0.950_47, 0.357_576_1 / 0.950_47, 0.180_437_5 / 0.950_47],
        [0.212_672_9, 0.715_152_2, 0.072_175_0],
        [0.019_333_9 / 1.088_83, 0.119_192 / 1.088_83, 0.950_304_1 / 1.088_83],
    ]
    .map(|row| row.iter().zip(seen).map(|(share, light)| share * light).sum::<f32>());
    let [x, y, z] = xyz.map(|t: f32| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Least distance of any two of the first colours, and which two.
fn nearest(colours: &[Color32], sight: &[[f32; 3]; 3]) -> (f32, usize, usize) {
    let seen: Vec<[f32; 3]> = colours.iter().map(|colour| lab(*colour, sight)).collect();
    let mut least = (f32::INFINITY, 0, 0);
    for (i, a) in seen.iter().enumerate() {
        for (j, b) in seen.iter().enumerate().skip(i + 1) {
            let distance = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
            if distance < least.0 {
                least = (distance, i, j);
            }
        }
    }
    least
}

#[test]
fn the_simulation_keeps_grey_and_confuses_red_with_green() {
    for (name, sight) in &SIGHTS {
        let [_, a, b] = lab(Color32::from_gray(128), sight);
        assert!(a.abs() < 0.6 && b.abs() < 0.6, "{name} colours grey: {a} {b}");
    }
    let pair = [Color32::from_rgb(178, 110, 0), Color32::from_rgb(120, 130, 0)];
    let distances = SIGHTS.map(|(_, sight)| nearest(&pair, &sight).0);
    assert!(distances[2] < 0.5 * distances[0], "deuteranopia draws orange and olive together: {distances:?}");
}

/// Classes are told apart by colour alone up to twelve. A difference (CIE 1976) of 2.3 is just seen of two fields side by side
/// (Mahy and others 1994); bars are small, apart and glanced at, so that some times as much is asked: [`ALL`] of any two of twelve,
/// and more of the first six, which most projects do with. More than twelve cannot be had so in the two dimensions that a dichromat
/// sees: from the thirteenth on colours come again, and names tell.
const ALL: f32 = 14.0;
const FIRST_SIX: f32 = 20.0;

#[test]
fn classes_are_told_apart_by_the_colour_blind() {
    let themes = Themes::load().expect("tokens");
    for theme in [themes.dark, themes.light] {
        let colours: Vec<Color32> = (0..12).map(|index| theme.class(index)).collect();
        for (name, sight) in &SIGHTS {
            for (count, limit) in [(6, FIRST_SIX), (12, ALL)] {
                let (distance, a, b) = nearest(&colours[..count], sight);
                println!("dark {}, {name}, {count} classes: {distance:.1} between {a} and {b}", theme.dark);
                assert!(distance >= limit, "dark {}, {name}: {a} and {b} differ by {distance:.1}", theme.dark);
            }
        }
        for (index, colour) in colours.iter().enumerate() {
            let seen = contrast(*colour, theme.panel());
            assert!(seen >= 3.0, "dark {}: class {index} has {seen:.2} on the panel, WCAG 1.4.11 asks 3", theme.dark);
        }
        assert_eq!(theme.class(12), theme.class(0), "a class keeps its colour however many there are");
    }
}
