//! The parser against one that is slow and obvious, and against its own output.

use proptest::prelude::*;

use crate::config::parse::{Valueless, parse};
use crate::config::text::{Layer, Text};

type Sections = Vec<(String, Vec<(String, String)>)>;

/// Sections with their options as written, and how many lines are not understood.
fn model(text: &str) -> (Sections, usize) {
    let mut sections: Sections = Vec::new();
    let mut errors = 0;
    // Whether options are taken, and whether an indented line continues one (or was already told).
    let (mut in_section, mut seen_header) = (false, false);
    let (mut continues, mut quiet) = (false, false);
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).split('\n') {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}');
        let stripped = line.trim_matches(blank);
        let first_word = stripped.split(blank).next().unwrap_or_default();
        if stripped.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if first_word.eq_ignore_ascii_case("rem") && !line.starts_with(blank) {
            continue;
        }
        if line.starts_with(blank) {
            if continues {
                let value = &mut sections.last_mut().unwrap().1.last_mut().unwrap().1;
                *value = format!("{value}\n{stripped}");
            } else if !quiet {
                errors += 1;
                quiet = true;
            }
            continue;
        }
        (continues, quiet) = (false, false);
        if let Some(header) = line.strip_prefix('[') {
            seen_header = true;
            match header.split_once(']') {
                Some((name, _)) if !name.is_empty() => {
                    sections.push((name.to_owned(), Vec::new()));
                    in_section = true;
                }
                _ => {
                    errors += 1;
                    in_section = false;
                }
            }
            continue;
        }
        quiet = true;
        if !in_section {
            errors += usize::from(!seen_header);
            seen_header = true;
            continue;
        }
        match line.split_once(['=', ':']) {
            Some((name, value)) if !name.trim_end_matches(blank).is_empty() => {
                let mut value = value.trim_matches(blank);
                if let Some((before, _)) = value.split_once(';')
                    && before.ends_with(blank)
                {
                    value = before.trim_end_matches(blank);
                }
                let value = if value == "\"\"" { "" } else { value };
                let name = name.trim_end_matches(blank).to_owned();
                sections.last_mut().unwrap().1.push((name, value.to_owned()));
                continues = true;
            }
            _ => errors += 1,
        }
    }
    (sections, errors)
}

fn parsed(text: &str) -> (Sections, usize) {
    let parsed = parse(text, Valueless::Refused);
    let sections = parsed.headers.iter().enumerate().map(|(index, header)| {
        let entries = parsed.entries_of(index).map(|at| &parsed.entries[at]);
        let options = entries.map(|entry| (entry.name.of(text).to_owned(), parsed.value(text, entry).to_owned()));
        (header.name.of(text).to_owned(), options.collect())
    });
    (sections.collect(), parsed.faults.len() + parsed.more_faults)
}

/// Pieces of which texts are made that say something.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        8 => "[ \t]{0,2}[a-zA-Z]{1,3}[ \t]{0,2}[=:][ \t]{0,2}[ -~é%;]{0,8}\n",
        3 => "\\[[a-z/ ]{0,4}\\][ a-z#]{0,2}\n",
        2 => "[ \t\u{b}\u{c}]{1,3}[a-z;#\\[=\"]{0,5}\n",
        1 => "[#;][ -~]{0,5}\n",
        1 => "(rem|REM|Rem)[ =a]{0,2}\n",
        2 => "[\\[\\]=:;#%()\" \ta-c\r\u{b}\u{feff}é]{1,4}",
        1 => Just("k = \"\"\n".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_parser_does_what_the_model_does(pieces in proptest::collection::vec(piece(), 0..24)) {
        let text = pieces.concat();
        prop_assert_eq!(parsed(&text), model(&text));
    }

    #[test]
    fn any_text_is_parsed_like_by_the_model(text in "\\PC*|[\\s\\[\\]=:;#a%\"]*") {
        prop_assert_eq!(parsed(&text), model(&text));
    }

    #[test]
    fn what_is_written_is_read_again(sections in proptest::collection::vec(
        ("[a-z/]{1,8}", proptest::collection::vec(("[a-z_]{4,8}", "[!-:<-~é]{1,6}(\n[!-~é]{1,6}){0,2}"), 0..5)), 0..5)
    ) {
        let mut text = String::new();
        for (name, options) in &sections {
            text += &format!("[{name}]\n");
            for (option, value) in options {
                text += &format!("{option} = {}\n", value.replace('\n', "\n\n# c\n   "));
            }
        }
        let written: Sections = sections.into_iter().map(|(name, options)| {
            let plain = |value: String| if value == "\"\"" { String::new() } else { value };
            let options = options.into_iter().map(|(option, value)| {
                let (first, rest) = value.split_once('\n').map_or((value.clone(), None), |(a, b)| (a.to_owned(), Some(b.to_owned())));
                let first = plain(first);
                (option, rest.map_or(first.clone(), |rest| format!("{first}\n{rest}")))
            });
            (name, options.collect())
        }).collect();
        prop_assert_eq!(parsed(&text), (written, 0));
    }

    #[test]
    fn every_character_of_a_value_is_found_again(pieces in proptest::collection::vec(piece(), 0..24)) {
        let text = Text::of_file("x.ini".to_owned(), pieces.concat(), Layer::Shipped);
        for entry in &text.parsed.entries {
            let value = text.value(entry);
            for (at, c) in value.char_indices().filter(|(_, c)| *c != '\n') {
                let span = text.locate(entry, at, at + c.len_utf8());
                prop_assert_eq!(span.of(&text.text), c.to_string());
            }
        }
    }

    #[test]
    fn loading_never_panics_and_problems_can_be_shown(pieces in proptest::collection::vec(piece(), 0..24), argument in ".{0,12}") {
        let layers = super::Layers::new().defaults(super::file("x.ini", &pieces.concat())).set(&argument);
        match layers.load() {
            Ok(configuration) => {
                for section in configuration.sections() {
                    prop_assert!(configuration.section(section).settings.values().all(|setting| !setting.origin.to_string().is_empty()));
                }
                let _ = configuration.warnings(&["a".parse().unwrap()]);
            }
            Err(failure) => prop_assert!(!failure.problems.is_empty() && !failure.render().is_empty()),
        }
    }
}
