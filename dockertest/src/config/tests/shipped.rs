//! The files in `config_defaults` say what the program does without them.

use std::path::PathBuf;

use crate::config::{Configuration, Control, FRAMEWORK_OPTIONS, Layers, Source};
use crate::version::check_section;

/// Options that old configuration may set and that nothing reads any longer, and those that only sections have.
const NOT_IN_DEFAULTS: [&str; 2] = ["subsubtests", "verify_enforcing"];

fn shipped() -> Configuration {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config_defaults");
    Layers::new().defaults(Source::Folder(folder)).load().unwrap()
}

#[test]
fn every_option_of_the_framework_has_a_default() {
    let defaults = shipped().defaults();
    let expected: Vec<_> =
        FRAMEWORK_OPTIONS.iter().copied().filter(|option| !NOT_IN_DEFAULTS.contains(option)).collect();
    assert_eq!(defaults.settings.keys().collect::<Vec<_>>(), expected);
    assert_eq!(check_section(&defaults), Ok(()));
}

#[test]
fn control_ini_says_what_holds_without_it() {
    let mut control = Control::read(&shipped()).unwrap();
    assert!(control.exclude.contains(&"example".to_owned()), "{:?}", control.exclude);
    assert!(control.origin("exclude").is_some());
    control.exclude.clear();
    let nothing = Control::read(&Layers::new().load().unwrap()).unwrap();
    assert_eq!(nothing, Control::default());
    assert_eq!(control.without_origins(), nothing);
}

#[test]
fn nothing_shipped_is_doubtful() {
    let warnings: Vec<_> = shipped().warnings(&[]).iter().map(ToString::to_string).collect();
    assert_eq!(warnings, [""; 0]);
}
