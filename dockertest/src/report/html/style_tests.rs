//! Whatever is written can be read: the colours of both themes, by the rule of WCAG.

use super::document::STYLE;

/// The colours of a theme: the first block is the light one, the second the dark one.
fn theme(number: usize) -> Vec<(String, [f64; 3])> {
    let block = STYLE.split(":root {").nth(number + 1).unwrap().split('}').next().unwrap();
    let pairs = block.split(';').filter_map(|pair| pair.trim().strip_prefix("--")?.split_once(": #"));
    pairs.map(|(name, value)| (name.to_owned(), rgb(value))).collect()
}

fn rgb(hex: &str) -> [f64; 3] {
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    let [red, green, blue] = colour.map(linear);
    0.2126f64.mul_add(red, 0.7152f64.mul_add(green, 0.0722 * blue))
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn every_text_has_contrast_in_both_themes() {
    for number in 0..2 {
        let theme = theme(number);
        assert_eq!(theme.len(), 14, "{theme:?}");
        let colour = |name: &str| theme.iter().find(|(known, _)| known == name).unwrap().1;
        for (name, value) in theme.iter().filter(|(name, _)| !matches!(name.as_str(), "back" | "card" | "line")) {
            // The edges of controls need less than texts.
            let least = if name == "edge" { 3.0 } else { 4.5 };
            for ground in ["back", "card"] {
                let seen = contrast(*value, colour(ground));
                assert!(seen >= least, "theme {number}: {name} on {ground} has {seen:.2}");
            }
        }
    }
}
