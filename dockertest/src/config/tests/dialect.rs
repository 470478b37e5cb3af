//! The dialect, rule by rule.

use rstest::rstest;

use super::{load, options};

#[rstest]
#[case::equals("key = v", "key=v")]
#[case::colon("key: v", "key=v")]
#[case::no_blanks("key=v", "key=v")]
#[case::first_separator_counts("a=b:c", "a=b:c")]
#[case::first_separator_may_be_the_colon("a: b=c", "a=b=c")]
#[case::names_are_lower_case("Key One = v", "key one=v")]
#[case::blanks_around_are_dropped("key \t = \t v \t", "key=v")]
#[case::inner_blanks_stay("key = a  b", "key=a  b")]
#[case::empty("key =", "key=")]
#[case::empty_colon("key:", "key=")]
#[case::two_quotes_are_empty("key = \"\"", "key=")]
#[case::other_quotes_are_literal("key = \"a\"", "key=\"a\"")]
#[case::single_quotes_are_literal("key = ''", "key=''")]
#[case::carriage_returns("key = v\r\n  w\r", "key=v\nw")]
#[case::rem_is_a_comment("key = v\nrem = 1\nREM x\nrem\nRem\tx = y", "key=v")]
#[case::remove_is_not("remove = v", "remove=v")]
#[case::rem_without_blank_is_an_option("rem=v", "rem=v")]
fn an_option_is_a_name_a_separator_and_a_value(#[case] lines: &str, #[case] expected: &str) {
    assert_eq!(options(&load(&format!("[s]\n{lines}\n")).unwrap(), "s"), [expected]);
    // The same without a line end behind it.
    assert_eq!(options(&load(&format!("[s]\n{lines}")).unwrap(), "s"), [expected]);
}

#[rstest]
#[case::hash("# x = 1\nkey = v\n#", "v")]
#[case::semicolon("; x = 1\nkey = v\n;", "v")]
#[case::inline("key = v ; c", "v")]
#[case::inline_after_tab("key = v\t;c", "v")]
#[case::no_blank_before("key = v;c", "v;c")]
#[case::hash_is_never_inline("key = v # c", "v # c")]
#[case::value_of_a_semicolon("key = ;v", ";v")]
#[case::only_the_first_semicolon_counts("key = v;w ; c", "v;w ; c")]
#[case::not_on_a_continuation("key = v\n  w ; c", "v\nw ; c")]
#[case::between_lines_of_a_value("key = v\n# c\n; c\nrem c\n  w", "v\nw")]
#[case::indented_hash_is_the_value("key = v\n  # x", "v\n# x")]
#[case::indented_semicolon_is_the_value("key = v\n  ; x", "v\n; x")]
#[case::inline_before_a_continuation("key = v ; c\n  w", "v\nw")]
fn comments(#[case] lines: &str, #[case] expected: &str) {
    assert_eq!(load(&format!("[s]\n{lines}\n")).unwrap().section("s").get("key"), Some(expected));
}

#[rstest]
#[case::newline_not_blank("key = v\n  w", "v\nw")]
#[case::tab("key = v\n\tw", "v\nw")]
#[case::stripped("key = v\n     w   \n x", "v\nw\nx")]
#[case::blank_lines_between("key = v\n\n  \n  w", "v\nw")]
#[case::of_an_empty_value("key =\n  v", "\nv")]
#[case::of_two_quotes("key = \"\"\n  v", "\nv")]
#[case::quotes_on_a_continuation("key = v\n  \"\"", "v\n\"\"")]
#[case::looks_like_an_option("key = v\n  x = 1", "v\nx = 1")]
#[case::looks_like_a_section("key = v\n  [t]", "v\n[t]")]
fn continuation_lines(#[case] lines: &str, #[case] expected: &str) {
    assert_eq!(load(&format!("[s]\n{lines}\n")).unwrap().section("s").get("key"), Some(expected));
}

#[rstest]
#[case::case_counts("[S]\nk=1\n[s]\nk=2", &["S", "s"])]
#[case::blanks_count("[ s ]\nk=1\n[s]\nk=2", &[" s ", "s"])]
#[case::text_behind_is_ignored("[s] whatever # c\nk=1", &["s"])]
#[case::first_bracket_ends_the_name("[s]t]\nk=1", &["s"])]
#[case::slashes_and_dots("[docker_cli/run-2.x/sub]", &["docker_cli/run-2.x/sub"])]
#[case::byte_order_mark("\u{feff}[s]\nk=1", &["s"])]
#[case::default_is_not_a_section("[DEFAULT]\nk=1\n[Default]\nk=1\n[s]", &["Default", "s"])]
#[case::nothing("", &[])]
#[case::only_comments("# a\n\n; b\n", &[])]
fn section_headers(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(load(text).unwrap().sections().collect::<Vec<_>>(), expected);
}

#[rstest]
#[case::before_any_section("k = 1\nl = 2\n[s]\n", "x.ini:1:1: the option stands before the first section")]
#[case::no_separator("[s]\nkey\n", "x.ini:2:1: `key` has no `=` and no value")]
#[case::no_name("[s]\n= v\n", "x.ini:2:1: an option's name is missing before the separator")]
#[case::nothing_to_continue(
    "[s]\n  v = 1\n",
    "x.ini:2:3: the line is indented, but there is no option that it could continue"
)]
#[case::indented_first_line(
    "  [s]\n",
    "x.ini:1:3: the line is indented, but there is no option that it could continue"
)]
#[case::unclosed_header("[s\nk=1\n", "x.ini:1:1: the section header has no `]`")]
#[case::empty_header("[]\nk=1\n", "x.ini:1:1: the section has no name")]
#[case::twice("[s]\nk=1\n[t]\n[s]\nl=1\n", "x.ini:4:2: section `[s]` stands in this file a second time")]
#[case::defaults_twice("[DEFAULTS]\n[DEFAULTS]\n", "x.ini:2:2: section `[DEFAULTS]` stands in this file a second time")]
fn what_is_not_understood_is_told_once(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(load(text).unwrap_err().to_string(), expected);
}

#[test]
fn all_problems_are_told_in_order() {
    let failure = load("[s]\nbad\nk = %(none)s\n[t\n[u]\n worse\n= 1\n").unwrap_err();
    let places: Vec<_> = failure.problems.iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(places, [(2, 1), (3, 5), (4, 1), (6, 2), (7, 1)]);
}

#[test]
fn a_flood_of_problems_is_cut() {
    let failure = load(&format!("[s]\n{}", "bad\n".repeat(100_000))).unwrap_err();
    assert!(failure.problems.len() <= 102, "{}", failure.problems.len());
    assert!(failure.to_string().contains("99900 more"), "{failure}");
}

#[test]
fn the_option_default_of_a_file_pads_the_sections_of_that_file_only() {
    use super::{Layers, file};
    let shipped = file("a.ini", "[s]\nk=1\n[t]\nk=1\n");
    let custom = file("b.ini", "[DEFAULT]\nk=2\nl=3\n[s]\nl=4\n");
    let configuration = Layers::new().defaults(shipped).custom(custom).load().unwrap();
    assert_eq!(options(&configuration, "s"), ["k=2", "l=4"]);
    assert_eq!(options(&configuration, "t"), ["k=1"]);
}

#[test]
fn options_without_a_value_are_for_control_ini_only() {
    use super::{Layers, file};
    let text = "[Control]\ninclude\nexclude = a\n";
    let configuration = Layers::new().custom(file("deep/control.ini", text)).load().unwrap();
    assert_eq!(options(&configuration, "Control"), ["exclude=a", "include="]);
    assert!(Layers::new().custom(file("my-control.ini", text)).load().is_err());
}
