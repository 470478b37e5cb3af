//! `dockertest new`: what it writes is built and run as its author would.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rstest::rstest;

use crate::support::{Done, Place};

const CHAPTER: &str = include_str!("../../../docs/src/first-subtest.md");

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Where crates that are written here are built: once for all of them, and kept for the next time.
fn target() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
    fs::create_dir_all(&target).unwrap();
    target
}

/// A program in the folder, with ours in the `PATH`, and as if no cargo had started it.
pub(crate) fn tool(place: &Place, folder: &str, program: &str, arguments: &[&str]) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_dockertest")).parent().unwrap();
    let path = format!("{}:{}", ours.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(place.path(folder)).env("PATH", path);
    command.env("XDG_DATA_HOME", place.path("xdg/data")).env("XDG_CACHE_HOME", place.path("xdg/cache"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
    command
}

pub(crate) fn done(mut command: Command) -> Done {
    Done::from(command.output().unwrap())
}

/// What stands in the blocks of that kind in a chapter.
pub(crate) fn blocks(chapter: &str, kind: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = chapter.lines();
    while lines.any(|line| line.strip_prefix("```") == Some(kind)) {
        blocks.push(lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect());
    }
    blocks
}

#[test]
fn the_chapter_is_followed_to_a_verdict() {
    if !test_needs::engine() {
        return;
    }
    let place = Place::new();
    // The versions that we are built with, and one folder for what is compiled.
    fs::create_dir(place.path("my_test")).unwrap();
    fs::copy(root().join("Cargo.lock"), place.path("my_test/Cargo.lock")).unwrap();
    symlink(target(), place.path("my_test/target")).unwrap();
    let seen = done(tool(&place, "", "bash", &["-ec", &blocks(CHAPTER, "sh").concat()])).expect(0);
    assert_eq!(seen.stdout.matches("END GOOD    ----    ----").count(), 2, "{}", seen.stdout);
    assert!(seen.stdout.contains("1 of 1 faults caught (100 %)"), "{}", seen.stdout);
    assert!(seen.stdout.contains("test result: ok. 1 passed"), "{}", seen.stdout);
    for (program, arguments) in [
        ("cargo", &["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"][..]),
        ("cargo", &["fmt", "--check"][..]),
    ] {
        done(tool(&place, "my_test", program, arguments)).expect(0);
    }
}

#[test]
fn in_a_checkout_it_stands_among_the_bundled_ones() {
    if !test_needs::engine() {
        return;
    }
    let place = Place::new();
    copy(&root(), &place.path("checkout"));
    let new = tool(&place, "checkout/docs", "dockertest", &["new", "new_area/my_test"]);
    let new = done(new).expect(0);
    assert!(new.stdout.contains("/subtests/subtests/new_area/my_test/my_test.rs\n"), "{}", new.stdout);
    let manifest = place.path("checkout/Cargo.toml");
    let manifest = manifest.to_str().unwrap();
    let mut build = tool(&place, "checkout", "cargo", &["build", "--quiet", "--locked", "-p", "subtests"]);
    build.args(["--manifest-path", manifest, "--target-dir"]).arg(target());
    done(build).expect(0);
    let host = target().join("debug/dockertest-host");
    let with = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.current_dir(place.path("checkout")).env("DOCKERTEST_HOST", &host);
        done(command).expect(0)
    };
    assert!(with(&["list"]).stdout.contains("new_area/my_test"));
    let run = with(&["run", "--args=new_area/my_test"]);
    assert!(run.stdout.contains("END GOOD    ----    ----"), "{}", run.stdout);
    let faults = with(&["faults", "--args=new_area/my_test"]);
    assert!(faults.stdout.contains("1 of 1 faults caught (100 %)"), "{}", faults.stdout);
}

/// What a checkout has, without what is built in it.
fn copy(from: &Path, to: &Path) {
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "dockertest",
        "cli",
        "subtests",
        "xtask",
        "fuzz",
        "benches",
        "docs",
        "config_defaults",
        "README.md",
    ] {
        let mut cp = Command::new("cp");
        fs::create_dir_all(to).unwrap();
        assert!(cp.arg("-r").arg(from.join(name)).arg(to.join(name)).status().unwrap().success());
    }
}

#[rstest]
#[case::no_name(&["new", "../x"], "is not a subtest name")]
#[case::dash(&["new", "my-test"], "(`my_test` would do)")]
#[case::keyword(&["new", "docker_cli/move"], "is a word of Rust")]
#[case::no_checkout(&["new", "--in-tree", "x"], "is not in a checkout of dockertest")]
#[case::both(&["new", "--in-tree", "--plugin", "x"], "cannot be used with")]
#[case::no_source(&["new", "x", "--dockertest", "/nowhere"], "expected a folder or a version")]
#[case::not_the_source(&["new", "x", "--dockertest", "/tmp"], "expected the source of dockertest")]
fn what_cannot_be_written_says_why_and_nothing_is(#[case] arguments: &[&str], #[case] expected: &str) {
    let place = Place::new();
    let done = place.run(arguments).expect(2);
    assert!(done.stderr.contains(expected), "{}", done.stderr);
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0);
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    place.write("my_test/src/my_test.ini", "mine");
    let done = place.run(&["new", "my_test", "--dockertest", "0.9"]).expect(2);
    assert!(done.stderr.contains("my_test/src/my_test.ini` is there already; nothing was written"), "{}", done.stderr);
    assert_eq!(place.read("my_test/src/my_test.ini"), "mine");
    assert!(!place.path("my_test/Cargo.toml").exists());
}

#[test]
fn a_version_is_taken_as_it_is() {
    let place = Place::new();
    let done = place.run(&["new", "my_test", "--dockertest", "0.9"]).expect(0);
    assert!(done.stdout.contains("wrote my_test/Cargo.toml\n"), "{}", done.stdout);
    assert!(place.read("my_test/Cargo.toml").contains("dockertest = { version = \"0.9\", default-features = false"));
}
