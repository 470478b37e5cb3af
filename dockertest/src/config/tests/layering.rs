//! Which of several values counts.

use rstest::rstest;

use super::{Layers, Source, file, load, options};

#[rstest]
#[case::own_options_are_added("[DEFAULTS]\nx=1\n[s]\ny=2\nz=3", "[s]\ny=9", &["x=1", "y=9", "z=3"])]
#[case::defaults_by_option("[DEFAULTS]\nx=1\nq=2\n[s]", "[DEFAULTS]\nx=7", &["q=2", "x=7"])]
#[case::shipped_section_before_custom_defaults("[DEFAULTS]\nx=1\n[s]\nx=2", "[DEFAULTS]\nx=7", &["x=2"])]
#[case::equal_to_the_default_is_set("[DEFAULTS]\nx=1\n[s]\nx=2", "[s]\nx=1", &["x=1"])]
#[case::empty_is_set("[DEFAULTS]\nx=1\n[s]", "[s]\nx=", &["x="])]
#[case::name_in_another_case("[s]\nkey=1", "[s]\nKEY=2", &["key=2"])]
fn custom_counts_more_option_by_option(#[case] shipped: &str, #[case] custom: &str, #[case] expected: &[&str]) {
    let layers = Layers::new().defaults(file("a.ini", shipped)).custom(file("b.ini", custom));
    assert_eq!(options(&layers.load().unwrap(), "s"), expected);
}

#[rstest]
#[case::child("a/b/c", &["k=abc", "l=ab", "m=a", "n=d"])]
#[case::middle("a/b", &["k=ab", "l=ab", "m=a", "n=d"])]
#[case::top("a", &["k=a", "l=a", "m=a", "n=d"])]
#[case::missing_below("a/b/x/y", &["k=ab", "l=ab", "m=a", "n=d"])]
#[case::other("ab", &["k=d", "l=d", "m=d", "n=d"])]
fn the_nearest_section_counts(#[case] section: &str, #[case] expected: &[&str]) {
    let text = "[DEFAULTS]\nk=d\nl=d\nm=d\nn=d\n[a]\nk=a\nl=a\nm=a\n[a/b]\nk=ab\nl=ab\n[a/b/c]\nk=abc\n";
    assert_eq!(options(&load(text).unwrap(), section), expected);
}

#[test]
fn a_shipped_child_counts_more_than_a_typed_parent() {
    let layers = Layers::new().defaults(file("x.ini", "[a]\nk=1\n[a/b]\nk=2\n[a/c]\n"));
    let configuration = layers.set("a.k=3").load().unwrap();
    assert_eq!(options(&configuration, "a"), ["k=3"]);
    assert_eq!(options(&configuration, "a/b"), ["k=2"]);
    assert_eq!(options(&configuration, "a/c"), ["k=3"]);
}

#[test]
fn a_child_can_go_back_to_the_default() {
    let text = "[DEFAULTS]\ndocker_timeout=300\n[a]\ndocker_timeout=60\n[a/b]\ndocker_timeout=300\n";
    assert_eq!(options(&load(text).unwrap(), "a/b"), ["docker_timeout=300"]);
}

#[test]
fn children_do_not_have_the_children_of_their_parent() {
    let configuration = load("[a]\nsubsubtests=b,c\nx=1\n[a/b]\ny=2\n").unwrap();
    assert_eq!(options(&configuration, "a"), ["subsubtests=b,c", "x=1"]);
    assert_eq!(options(&configuration, "a/b"), ["x=1", "y=2"]);
    assert_eq!(options(&configuration, "a/c"), ["x=1"]);
}

#[rstest]
#[case::defaults("x=1", "s", "x", "1")]
#[case::section("s.x=1", "s", "x", "1")]
#[case::section_with_slash("docker_cli/run.x=1", "docker_cli/run", "x", "1")]
#[case::section_with_dot("run-2.x.y=1", "run-2.x", "y", "1")]
#[case::value_with_everything("s.x=a=b.c ; d", "s", "x", "a=b.c ; d")]
#[case::value_is_kept_as_typed("s.x= a ", "s", "x", " a ")]
#[case::empty_value("s.x=", "s", "x", "")]
#[case::name_in_any_case("s.X Y=1", "s", "x y", "1")]
fn arguments_name_a_section_and_an_option(
    #[case] argument: &str,
    #[case] section: &str,
    #[case] option: &str,
    #[case] value: &str,
) {
    let configuration = Layers::new().custom(file("x.ini", "[s]\nx = 0\n")).set(argument).load().unwrap();
    let setting = configuration.section(section).setting(option).cloned().unwrap();
    if argument == "x=1" {
        assert_eq!(configuration.defaults().get(option), Some(value));
        assert_eq!(setting.value, "0", "a section counts more than DEFAULTS");
    } else {
        assert_eq!(setting.value, value);
        assert_eq!(setting.origin.to_string(), format!("--set {argument}"));
    }
}

#[test]
fn of_several_arguments_the_last_counts() {
    let configuration = Layers::new().set("s.x=1").set("s.x=2").load().unwrap();
    assert_eq!(options(&configuration, "s"), ["x=2"]);
}

#[test]
fn origins_name_the_file_and_line_that_counts() {
    let shipped = file("a.ini", "[DEFAULTS]\nx = 1\n\n[s]\ny = 2\nz = %(x)s\n   more\n");
    let configuration = Layers::new().defaults(shipped).custom(file("b.ini", "# c\n[s]\ny = 3\n")).load().unwrap();
    let section = configuration.section("s");
    let origin = |option: &str| section.setting(option).unwrap().origin.to_string();
    assert_eq!([origin("x"), origin("y"), origin("z")], ["a.ini:2", "b.ini:3", "a.ini:6"]);
}

#[test]
fn a_section_may_be_spread_over_files_but_an_option_may_not() {
    let two =
        |a: &str, b: &str| Source::Memory(vec![("a.ini".to_owned(), a.to_owned()), ("b.ini".to_owned(), b.to_owned())]);
    let configuration = Layers::new().custom(two("[s]\nx=1", "[s]\ny=2")).load().unwrap();
    assert_eq!(options(&configuration, "s"), ["x=1", "y=2"]);
    let failure = Layers::new().custom(two("[s]\nx=1", "[s]\ny=1\nX=2")).load().unwrap_err();
    assert_eq!(failure.to_string(), "b.ini:3:1: option `x` of section `[s]` is set in two files");
    let related = failure.problems[0].related.clone().unwrap();
    assert_eq!((related.path.as_str(), related.line), ("a.ini", 2));
}

#[test]
fn many_options_set_twice_do_not_hide_one_in_two_files() {
    let twice = format!("[s]\n{}", "x=1\n".repeat(1000));
    let files = [("a.ini", twice.as_str()), ("b.ini", "[s]\ny=1\n"), ("c.ini", "[s]\ny=1\n")];
    let files = files.map(|(label, text)| (label.to_owned(), text.to_owned()));
    let failure = Layers::new().custom(Source::Memory(files.to_vec())).load().unwrap_err();
    assert_eq!(failure.to_string(), "c.ini:2:1: option `y` of section `[s]` is set in two files");
}

#[test]
fn the_sections_of_control_ini_have_no_defaults() {
    let configuration = load("[DEFAULTS]\nsubthings = a\n[Control]\ninclude = b\n").unwrap();
    assert_eq!(options(&configuration, "Control"), ["include=b"]);
}

#[test]
fn defaults_may_stand_in_any_file() {
    let shipped = file("any.ini", "[DEFAULTS]\nx=1\n[s]\n");
    let custom = file("folder/other.ini", "[t]\n[DEFAULTS]\ny=2\n");
    let configuration = Layers::new().defaults(shipped).custom(custom).load().unwrap();
    assert_eq!(options(&configuration, "s"), ["x=1", "y=2"]);
    assert_eq!(configuration.sections().collect::<Vec<_>>(), ["s", "t"]);
    assert!(configuration.has_section("DEFAULTS") && !configuration.has_section("u"));
}

#[test]
fn a_section_that_nothing_names_has_the_defaults() {
    let configuration = load("[DEFAULTS]\nx=1\n").unwrap();
    assert_eq!(options(&configuration, "any/name"), ["x=1"]);
    assert_eq!(configuration.section("any/name"), {
        let mut same = configuration.defaults();
        same.name = "any/name".to_owned();
        same
    });
}
