//! Configuration: whatever the bytes are, loading ends soon, with a configuration or with problems that can be shown.

use bolero::check;
use dockertest::config::{Configuration, KnownFailures, Layers, LoadFailure, Source};
use fuzz::test_time;

/// Pieces of configuration, chosen by bytes: random bytes alone hardly ever make a second section.
const PIECES: [&str; 40] = [
    "\n",
    "\r\n",
    " ",
    "\t",
    "[",
    "]",
    "=",
    ":",
    ";",
    " ;",
    "#",
    "%",
    "%%",
    "%(",
    ")s",
    "%(a)s",
    "%(b)s",
    "%(c)s",
    "a",
    "b",
    "c",
    "A",
    "/",
    ",",
    "\"\"",
    "rem ",
    "[a]\n",
    "[b]\n",
    "[a/b]\n",
    "[DEFAULTS]\n",
    "[DEFAULT]\n",
    "a = ",
    "b = ",
    "c: ",
    "\n  ",
    "é",
    "\u{feff}",
    "\0",
    "__example__ = a, b\n",
    "subsubtests = b\n",
];

#[test]
fn any_bytes() {
    let target = check!().with_test_time(test_time()).with_max_len(512);
    target.for_each(|bytes: &[u8]| load(&String::from_utf8_lossy(bytes), "", ""));
}

#[test]
fn pieces_of_configuration() {
    let target = check!().with_test_time(test_time()).with_max_len(256);
    target.for_each(|bytes: &[u8]| {
        // The first two bytes say where the layers part.
        let [first, second, rest @ ..] = bytes else { return };
        let pieces: Vec<&str> = rest.iter().map(|byte| PIECES[usize::from(*byte) % PIECES.len()]).collect();
        let part = usize::from(*first) % (pieces.len() + 1);
        let argument = part + usize::from(*second) % (pieces.len() - part + 1);
        load(&pieces[..part].concat(), &pieces[part..argument].concat(), &pieces[argument..].concat());
    });
}

#[test]
fn lists_of_known_failures() {
    let target = check!().with_test_time(test_time()).with_max_len(256);
    target.for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        match KnownFailures::parse("list", &text) {
            Ok(list) => assert!(list.iter().all(|row| !row.engine.is_empty() && !row.test.is_empty())),
            Err(failure) => check_problems(&failure),
        }
    });
}

fn load(shipped: &str, custom: &str, argument: &str) {
    let file = |label: &str, text: &str| Source::Memory(vec![(label.to_owned(), text.to_owned())]);
    let layers = Layers::new().defaults(file("shipped.ini", shipped)).custom(file("custom.ini", custom));
    let layers = if argument.is_empty() { layers } else { layers.set(argument) };
    match layers.load() {
        Ok(configuration) => check_configuration(&configuration),
        Err(failure) => check_problems(&failure),
    }
}

fn check_configuration(configuration: &Configuration) {
    let known: Vec<_> = configuration.sections().filter_map(|name| name.parse().ok()).collect();
    let mut seen = 0;
    for name in configuration.sections().chain(["DEFAULTS", "a/b/c"]) {
        let section = configuration.section(name);
        for (option, setting) in &section.settings {
            assert_eq!(*option, option.to_lowercase(), "names are lower case");
            assert!(!setting.origin.to_string().is_empty());
            seen += 1;
        }
        assert_eq!(section.masked().settings.len(), section.settings.len());
        assert!(configuration.untouched_examples(name).iter().all(|option| section.get(option).is_some()));
    }
    assert!(seen < 1_000_000);
    for warning in configuration.warnings(&known) {
        assert!(!warning.to_string().contains('\u{1b}'));
    }
}

fn check_problems(failure: &LoadFailure) {
    assert!(!failure.problems.is_empty() && failure.problems.len() <= 101);
    for problem in &failure.problems {
        assert!(!problem.message.is_empty() && problem.message.chars().count() < 2000, "{problem}");
        let shown = problem.render();
        assert!(shown.lines().count() <= 7, "{shown}");
        assert!(!shown.contains('\0') && !shown.contains('\r'), "{shown:?}");
    }
}
