//! Builds plug-ins, as their authors would.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dockertest::config::Layers;
use dockertest::host::{CancelToken, HostProgram, Plugins};
use dockertest::run::Runner;
use dockertest::verdict::Verdict;

/// How long a list may take.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The host program that loads plug-ins.
pub fn loader() -> HostProgram {
    HostProgram::new(env!("CARGO_BIN_EXE_plugin-loader"))
}

/// The host of a plug-in.
pub fn host(file: &Path) -> HostProgram {
    HostProgram::plugin(&loader(), file)
}

/// This package.
pub fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder that everything is built in, below the build folder of the workspace.
pub fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Cargo, as if nobody had started this test by it: neither its folder nor its flags are for others.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        let is_of_a_test = name.starts_with("CARGO_") || name.starts_with("NEXTEST") || name.starts_with("DOCKERTEST_");
        is_of_a_test && !["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&name.as_ref())
    });
    for name in ours {
        cargo.env_remove(name);
    }
    cargo
}

/// The crate outside the workspace, in a folder of its own.
pub fn acme(profile: &str) -> PathBuf {
    let target = built();
    // Of several tests that want it, one builds it.
    let lock = File::create(target.join(format!("{profile}.lock"))).unwrap();
    lock.lock().unwrap();
    let mut cargo = cargo();
    let manifest = package().join("acme/Cargo.toml");
    cargo.args(["build", "--quiet", "--locked", "--profile", profile, "--manifest-path"]).arg(manifest);
    let output = cargo.arg("--target-dir").arg(&target).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = if profile == "dev" { "debug" } else { profile };
    target.join(folder).join("libacme_subtests.so")
}

/// Compiles a file of C into a library.
pub fn compile(source: &Path, flags: &[&str], library: &Path) {
    let include = package().join("../../include");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-I"]).arg(include);
    let output = cc.args(flags).arg("-o").arg(library).arg(source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The example of the book.
pub fn example_in_c(folder: &Path) -> PathBuf {
    let library = folder.join("hello.so");
    compile(
        &package().join("../../../docs/examples/plugin.c"),
        &["-Wall", "-Wextra", "-Wpedantic", "-Werror"],
        &library,
    );
    library
}

/// The name of a step or, with blanks before it, of a sub-subtest; its verdict; the reason.
pub type Seen = (String, Verdict, String);

/// A run of a plug-in's subtests, each followed by its sub-subtests.
pub fn run(loader: HostProgram, plugin: &Path, set: &[&str]) -> Vec<Seen> {
    let folder = tempfile::tempdir().unwrap();
    let layers = set.iter().fold(Layers::new(), |layers, argument| layers.set(argument));
    let runner = Runner::builder()
        .layers(layers)
        .plugins(Plugins::new(loader).named(plugin, "--plugin"))
        .results(folder.path().join("results"))
        .state(folder.path().join("state"))
        .without_engine()
        .build()
        .unwrap();
    let outcome = runner.run(&CancelToken::new().unwrap()).unwrap();
    let mut seen = Vec::new();
    for step in outcome.steps {
        let ending = step.ending.unwrap();
        seen.push((step.planned.name.to_string(), ending.verdict, ending.reason));
        for child in step.subsubtests {
            let ending = child.ending.unwrap();
            seen.push((format!("  {}", child.name), ending.verdict, ending.reason));
        }
    }
    seen
}

/// Without the reasons.
pub fn verdicts(seen: &[Seen]) -> Vec<(&str, Verdict)> {
    seen.iter().map(|(name, verdict, _)| (name.as_str(), *verdict)).collect()
}
