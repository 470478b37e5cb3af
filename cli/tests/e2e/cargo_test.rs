//! The book's chapter "cargo test": what it says is done, as it stands there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::new::{blocks, done, root, tool};
use crate::support::{Done, Place};

const CHAPTER: &str = include_str!("../../../docs/src/cargo-test.md");

/// The crate of "Your first subtest", with what the chapter adds.
fn crate_of_the_chapter() -> Place {
    let place = Place::new();
    place.run(&["new", "docker_cli/my_test", "--plugin"]).expect(0);
    fs::copy(root().join("Cargo.lock"), place.path("my_test/Cargo.lock")).unwrap();
    // Where other packages with this feature are built, too.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    fs::create_dir_all(&target).unwrap();
    symlink(target, place.path("my_test/target")).unwrap();
    let toml = blocks(CHAPTER, "toml");
    // This version is not in the registry, but here.
    let here = format!("path = {:?}", root().join("dockertest"));
    let added = toml[0].replace("version = \"0.9\"", &here);
    let manifest = place.read("my_test/Cargo.toml");
    assert!(added.contains(&here) && manifest.contains("[lib]\ncrate-type = [\"cdylib\"]\n"), "{manifest}");
    let manifest = manifest.replace("[lib]\ncrate-type = [\"cdylib\"]\n", &added);
    place.write("my_test/Cargo.toml", manifest);
    place.write("my_test/tests/subtests.rs", &blocks(CHAPTER, "rust,ignore")[0]);
    place.write("my_test/.config/nextest.toml", format!("{}\n[store]\ndir = \"nextest-store\"\n", toml[1]));
    place
}

/// The commands of the chapter: those for cargo alone, and those for nextest.
fn commands() -> (String, String) {
    let (nextest, cargo): (Vec<_>, Vec<_>) =
        blocks(CHAPTER, "sh").into_iter().partition(|block| block.contains("cargo nextest"));
    assert_eq!(nextest.len(), 1);
    (cargo.concat(), nextest.concat())
}

fn shell(place: &Place, script: &str) -> Done {
    let mut command = tool(place, "my_test", "bash", &["-ec", script]);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NEXTEST")) {
        command.env_remove(name);
    }
    command.env_remove("DOCKERTEST_SET").env("DOCKERTEST_RESULTS", place.path("results"));
    done(command)
}

#[test]
fn the_chapter_is_followed() {
    if !test_needs::engine() {
        return;
    }
    let place = crate_of_the_chapter();
    let seen = shell(&place, &commands().0).expect(0);
    assert!(seen.stdout.starts_with("docker_cli/my_test: test\n"), "{}", seen.stdout);
    assert_eq!(seen.stdout.matches("test result: ok. 1 passed; 0 failed; 0 ignored;").count(), 3, "{}", seen.stdout);
}

#[test]
fn the_chapter_is_followed_with_nextest() {
    if !test_needs::engine() {
        return;
    }
    // Cargo also looks where it installs programs, which need not be in `PATH`.
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output();
    if !nextest.is_ok_and(|output| output.status.success()) {
        return test_needs::skip("there is no nextest; `cargo install cargo-nextest` brings it");
    }
    let place = crate_of_the_chapter();
    let seen = shell(&place, &commands().1).expect(0);
    assert!(seen.stdout.contains("docker_cli/my_test"), "{}", seen.stdout);
    assert!(seen.stderr.contains("1 test run: 1 passed"), "{}", seen.stderr);
    shell(&place, "cargo nextest run --profile ci").expect(0);
    let junit = place.read("my_test/nextest-store/ci/junit.xml");
    assert!(junit.contains("<testcase name=\"docker_cli/my_test\""), "{junit}");
}
