//! `%(option)s`.

use rstest::rstest;

use super::{Layers, file, load};

#[rstest]
#[case::same_section("[s]\nx = 1\ny = v%(x)s", "v1")]
#[case::defaults("[DEFAULTS]\nx = 1\n[s]\ny = v%(x)s", "v1")]
#[case::own_before_defaults("[DEFAULTS]\nx = 1\n[s]\nx = 2\ny = %(x)s", "2")]
#[case::name_in_any_case("[s]\nKey One = 1\ny = %(KEY one)s", "1")]
#[case::per_cent_sign("[s]\ny = 5%%", "5%")]
#[case::doubled_per_cent_signs("[s]\ny = %%%%(x)s", "%%(x)s")]
#[case::sign_before_a_name_is_no_reference("[s]\ny = %%(x)s", "%(x)s")]
#[case::not_resolved_twice("[s]\nx = %%(y)s\ny = %(x)s", "%(y)s")]
#[case::several("[s]\na = 1\nb = 2\ny = %(a)s-%(b)s-%(a)s", "1-2-1")]
#[case::nested("[s]\na = 1\nb = %(a)s2\ny = %(b)s3", "123")]
#[case::on_a_continuation_line("[s]\na = 1\ny = x\n  %(a)s", "x\n1")]
#[case::of_several_lines("[s]\na = 1\n  2\ny = %(a)s", "1\n2")]
#[case::to_an_empty_value("[s]\na =\ny = x%(a)s", "x")]
fn references_are_resolved(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(load(text).unwrap().section("s").get("y"), Some(expected));
}

#[rstest]
#[case::lone("[s]\ny = 5%", "x.ini:2:6: `%` must be followed by `%` or `(`")]
#[case::lone_before_a_letter("[s]\ny = é 5%d", "x.ini:2:8: `%` must be followed by `%` or `(`")]
#[case::not_closed("[s]\ny = %(x", "x.ini:2:5: the reference does not end in `)s`")]
#[case::no_s("[s]\nx=1\ny = %(x)d", "x.ini:3:5: the reference does not end in `)s`")]
#[case::closed_on_another_line("[s]\nx=1\ny = %(x\n  )s", "x.ini:3:5: the reference does not end in `)s`")]
#[case::no_name("[s]\ny = %()s", "x.ini:2:5: the reference names no option")]
#[case::unknown("[s]\ny = a %(zz)s", "x.ini:2:7: neither `[s]` nor `[DEFAULTS]` has an option `zz`")]
#[case::other_section("[s]\ny = %(zz)s\n[t]\nzz = 1", "x.ini:2:5: neither `[s]` nor `[DEFAULTS]` has an option `zz`")]
#[case::in_defaults("[DEFAULTS]\ny = %(zz)s\n[s]\n[t]", "x.ini:2:5: `[DEFAULTS]` has no option `zz`")]
#[case::itself("[s]\ny = %(y)s", "x.ini:2:5: the references lead back to where they began: y -> y")]
#[case::each_other(
    "[s]\na = %(b)s\nb = %(a)s\nc = %(a)s",
    "x.ini:3:5: the references lead back to where they began: a -> b -> a"
)]
#[case::on_a_continuation_line(
    "[s]\ny = a ; b\n\n# c\n  %%\n  d %(z)s",
    "x.ini:6:5: neither `[s]` nor `[DEFAULTS]` has an option `z`"
)]
fn references_that_lead_nowhere_are_told_once(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(load(text).unwrap_err().to_string(), expected);
}

/// A chain of `length` references, the last one to `a0`.
fn chain(length: usize) -> String {
    let links = (1..=length).map(|n| format!("a{n} = %(a{})s\n", n - 1));
    format!("[s]\na0 = end\n{}", links.collect::<String>())
}

#[test]
fn ten_references_may_follow_from_each_other() {
    assert_eq!(load(&chain(10)).unwrap().section("s").get("a10"), Some("end"));
    let failure = load(&chain(11)).unwrap_err();
    let expected = "x.ini:13:7: option `a11` of `[s]` needs more than 10 references one after another";
    assert_eq!(failure.to_string(), expected);
}

#[test]
fn values_that_explode_are_refused_quickly() {
    let doubling: String = (1..=10).map(|n| format!("a{n} = {}\n", format!("%(a{})s", n - 1).repeat(20))).collect();
    let long = load(&format!("[s]\na0 = {}\n{doubling}", "x".repeat(2000))).unwrap_err().to_string();
    assert!(long.contains("becomes longer than 1 MiB"), "{long}");
    let empty = load(&format!("[s]\na0 =\n{doubling}")).unwrap_err().to_string();
    assert!(empty.contains("needs more than 10000 references"), "{empty}");
}

#[test]
fn a_value_of_defaults_sees_what_the_section_sets() {
    let configuration = load("[DEFAULTS]\nx = 1\nw = %(x)s0\nz = 5%%\n[s]\nx = 5\n").unwrap();
    assert_eq!(configuration.section("s").get("w"), Some("50"));
    assert_eq!(configuration.section("s").get("z"), Some("5%"));
    assert_eq!(configuration.defaults().get("w"), Some("10"));
}

#[test]
fn an_inherited_value_sees_what_the_child_sets() {
    let configuration = load("[a]\nx = 1\nw = %(x)s0\n[a/b]\nx = 5\n[a/c]\nv = %(w)s\n").unwrap();
    assert_eq!(configuration.section("a/b").get("w"), Some("50"));
    assert_eq!(configuration.section("a/c").get("v"), Some("10"));
    assert_eq!(configuration.section("a/d").get("w"), Some("10"));
}

#[test]
fn a_loop_through_an_override_is_found() {
    let failure = load("[DEFAULTS]\nx = 1\nw = %(x)s0\n[s]\nx = %(w)s\n").unwrap_err();
    assert_eq!(failure.problems.len(), 1, "{failure}");
    assert!(failure.to_string().contains("lead back"), "{failure}");
}

#[test]
fn an_argument_is_resolved_like_other_values() {
    let layers = || Layers::new().defaults(file("x.ini", "[s]\nx = 1\n"));
    assert_eq!(layers().set("s.y=%(x)s0").load().unwrap().section("s").get("y"), Some("10"));
    let failure = layers().set("s.y=50%").load().unwrap_err();
    assert_eq!(failure.to_string(), "--set: `%` must be followed by `%` or `(`");
    assert_eq!((failure.problems[0].line, failure.problems[0].column), (0, 7));
}
