//! Plug-ins whose list is well and whose steps are not: each costs its step, and the run goes on to its end.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use common::{compile, loader, package, run};
use rstest::{Context, rstest};

/// What becomes of the step of `bad.so`, with the folder left out.
fn step(flags: &[&str], set: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("bad.so");
    compile(&package().join("bad.c"), flags, &plugin);
    let seen = run(loader(), &plugin, set);
    let [(name, verdict, reason)] = &seen[..] else { panic!("one step, and not {seen:?}") };
    assert_eq!(name, "bad");
    format!("{verdict}: {reason}").replace(&format!("{}/", folder.path().display()), "")
}

#[rstest]
#[case::crashes("-DRUN=(*(volatile int*)0)")]
#[case::ends_the_process("-DRUN=(exit(0),0)")]
#[case::says_nothing("-DRUN=0")]
#[case::gives_an_error("-DRUN=3")]
#[case::gives_an_error_after_its_verdict("-DRUN=(good(host),3)")]
#[case::lies_about_a_length("-DRUN=bytes(host,\"{}\",(size_t)-1)")]
#[case::lies_later_about_a_pointer("-DRUN=(hello(host),bytes(host,NULL,10))")]
#[case::writes_no_message("-DRUN=say(host,\"this is no message\\n\")")]
#[case::writes_no_utf8("-DRUN=(hello(host),say(host,\"{\\\"log\\\":\\xff\\xfe}\\n\"))")]
fn a_step_says_what_is_wrong(#[case] flag: &str, #[context] context: Context) {
    insta::assert_snapshot!(context.description.unwrap(), step(&[flag], &[]));
}

#[test]
fn one_of_another_api_fails_and_says_what_to_build() {
    insta::assert_snapshot!(step(&["-DAPI_MINOR=4", "-DAPI=\"0.4.2\"", "-DRUN=good(host)"], &[]));
}

#[test]
fn one_that_hangs_is_ended() {
    let limits = ["bad.step_timeout=1", "bad.cleanup_timeout=1"];
    let text = step(&["-DRUN=({hello(host);for(;;)pause();0;})"], &limits);
    assert!(text.starts_with("ABORT: did not end within 1 s"), "{text}");
}
