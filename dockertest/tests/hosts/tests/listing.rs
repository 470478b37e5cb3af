//! What a host holds, and every way of not saying so.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use rstest::rstest;

#[test]
fn a_list_is_read_in_its_order() {
    let listing = common::program().list(Duration::from_secs(20)).unwrap();
    let names: Vec<&str> = listing.subtests.iter().map(|subtest| subtest.name.as_str()).collect();
    assert_eq!((listing.hello.program.as_str(), names), ("misbehave 1", vec!["pass", "other/fail"]));
}

#[rstest]
#[case("hang", "`HOST list` did not end within 0.3 s")]
#[case("twice", "`HOST list` names `pass` twice")]
#[case("child_twice", "`HOST list` names `other/one` twice")]
#[case("child_above", "`HOST list`: the subtest `other` cannot have a sub-subtest `../../etc`")]
#[case("short", "`HOST list` named 1 subtests and then said that there are 5")]
#[case("complaint", "`HOST list`: the module `9` cannot be a subtest")]
#[case("endless", "`HOST list`: the list is too long: more than 64 MiB")]
#[case("half", "`HOST list` ended with status 0 before its list was complete")]
#[case("abort", "`HOST list` was killed by SIGABRT before its list was complete\n    out of luck")]
#[case(
    "garbage",
    "`HOST list`: line 3 of the host's standard output is not a message of the protocol: `Hello, world!` \
     (expected value, column 1)"
)]
fn a_bad_list_says_what_is_wrong(#[case] how: &str, #[case] text: &str) {
    let mut program = common::program();
    program.arguments.push(how.into());
    let limit = if how == "hang" { Duration::from_millis(300) } else { Duration::from_secs(20) };
    let failure = program.list(limit).unwrap_err().to_string();
    let path = program.path.display().to_string();
    assert_eq!(failure.replace(&path, "HOST").replace(", core dumped", ""), text);
}
